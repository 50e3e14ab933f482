import type { GateServer } from "../gate/gate-connection.ts";
import type { Gate } from "../gate/gate.ts";
import type { Logger } from "../logging/logger.ts";
import type { LedgerSales } from "../ledger/sales.ts";
import type { ReservationQueue } from "../queue/queue.ts";
import { isEmbedded, isGateEmbedded } from "../settings/load-settings.ts";
import type { Settings } from "../settings/settings.ts";
import { renderReport } from "../verify/verification-report.ts";
import { verifySale } from "../verify/verify-sale.ts";
import type { Clock } from "../time/clock.ts";
import { takeDataFolder } from "./data-folder.ts";
import { runningEmbeddedRedis, startEmbeddedRedis } from "./embedded-redis.ts";
import { StartError } from "./start-error.ts";
import { externalGateServer, openGate, openLedger, openQueue, prepareLedger, secretsOf } from "./system-parts.ts";

export interface VerifyOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly saleId: string | undefined;
  readonly atRest: boolean;
  readonly print: (text: string) => void;
}

/**
 * Checks the invariants of one sale or of all sales, and prints a report. The system may be running or stopped.
 * @returns whether all invariants hold
 * @throws StartError if there is no such sale
 */
export async function verifySales(options: VerifyOptions): Promise<boolean> {
  await using cleanup = new AsyncDisposableStack();
  const { settings, clock } = options;
  const ledger = openLedger(settings, clock.now);
  cleanup.defer(() => ledger.close());
  await prepareLedger(ledger, settings);
  const { gate, queue } = await openOthers(options, cleanup);
  let ok = true;
  for (const saleId of await saleIds(ledger.sales, options.saleId)) {
    const parts = { ledger, ...(gate !== undefined && { gate }), ...(queue !== undefined && { queue }) };
    const report = await verifySale({ saleId, atRest: options.atRest, ...parts });
    options.print(renderReport(report));
    ok &&= report.ok;
  }
  return ok;
}

async function saleIds(sales: Pick<LedgerSales, "list">, wanted: string | undefined): Promise<string[]> {
  const ids = (await sales.list()).map(({ id }) => id);
  if (wanted === undefined) return ids;
  if (!ids.includes(wanted)) throw new StartError(`the ledger has no sale ${JSON.stringify(wanted)}`);
  return [wanted];
}

interface Others {
  readonly gate: Gate | undefined;
  readonly queue: ReservationQueue | undefined;
}

/** Connects to the embedded parts of a running system; opens those of a stopped system in this process. */
async function openOthers(options: VerifyOptions, cleanup: AsyncDisposableStack): Promise<Others> {
  const { settings, logger } = options;
  const isShared = !isGateEmbedded(settings) && settings.rabbitmq.url !== "";
  const folder = isShared ? undefined : takeDataFolder(settings.data_dir);
  if (folder !== undefined) cleanup.defer(() => folder.release());
  const server = await gateServer(options, folder !== undefined, cleanup);
  const gate = server === undefined ? undefined : openGate(settings, server, logger);
  if (gate !== undefined) cleanup.defer(() => gate.close());
  if (settings.rabbitmq.url === "" && folder === undefined) return { gate, queue: undefined };
  const queue = openQueue(settings);
  cleanup.defer(() => queue.close());
  return { gate, queue };
}

async function gateServer(
  { settings, logger }: VerifyOptions,
  isStopped: boolean,
  cleanup: AsyncDisposableStack,
): Promise<GateServer | undefined> {
  const external = externalGateServer(settings);
  if (external !== undefined) return external;
  // A system that is not fully embedded has no kept secret; the settings contain one.
  const secret = isEmbedded(settings) ? secretsOf(settings)[0]! : settings.backend.api_secret;
  if (!isStopped) return runningEmbeddedRedis(settings.data_dir, secret);
  const embedded = await startEmbeddedRedis({ settings, secret, logger });
  cleanup.defer(() => embedded.close());
  return embedded.address;
}
