import { readProgramKeys } from "../authorization/read-program-keys.ts";
import type { Gate } from "../gate/gate.ts";
import { openStock, type Stock } from "../gateway/open-stock.ts";
import type { GateWatch } from "../gateway/stock-watch.ts";
import type { HealthBoard } from "../health/health-board.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { startQuantityServer } from "../quantity/quantity-server.ts";
import { listenError } from "./listen-error.ts";
import type { Started } from "./running-parts.ts";
import type { Stops, SystemOptions } from "./system-options.ts";

interface QuantityRoleParts {
  readonly ledger: Ledger;
  readonly gate: Gate;
  readonly health: HealthBoard;
  readonly gateWatch: GateWatch | undefined;
}

/** A program has no tokens. */
const noTokens = { setSales() {} };

/** Starts the listener for other programs, and gives its port. */
export async function runQuantity(
  options: SystemOptions,
  parts: QuantityRoleParts,
  { running, stops }: Started,
): Promise<number> {
  const { settings, logger, clock } = options;
  const programs = readProgramKeys(settings.quantity.programs);
  // The gateway's, where one runs in this process.
  const stock = (running.stock ??= await openOwnStock(options, parts, stops));
  const { host, port } = settings.quantity;
  try {
    const server = startQuantityServer({ ...parts, stock, programs, settings, logger, ...clock });
    running.quantity = server;
    stops.push(() => server.stop((settings.backend.shutdown_seconds * 1000) / 2));
    logger.info("programs are served", {
      host,
      quantityPort: server.port,
      programs: programs.map(({ name }) => name).join(", "),
    });
    return server.port;
  } catch (error) {
    throw listenError(error, `quantity.port ${port} on ${host}`);
  }
}

async function openOwnStock(
  { settings, logger, clock }: SystemOptions,
  { gate, ledger, health, gateWatch }: QuantityRoleParts,
  stops: Stops,
): Promise<Stock> {
  const stock = openStock({ gate, ledger, settings, logger, health, gateWatch, ...clock }, noTokens);
  stops.push(() => stock.catalogue.stop());
  await stock.catalogue.start();
  return stock;
}
