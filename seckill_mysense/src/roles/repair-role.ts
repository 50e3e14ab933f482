import { hostname } from "node:os";
import { repairedAfterEndMs } from "../domain/sale.ts";
import type { GateRecord, LedgerGates } from "../ledger/gates.ts";
import type { Logger } from "../logging/logger.ts";
import { consumerReports } from "./consumer-reports.ts";
import type { RecoveryParts } from "../recovery/recovery-parts.ts";
import { type ProductRepair, settleProduct } from "../recovery/settle-product.ts";
import { hasNoGate } from "../settings/load-settings.ts";
import type { Settings } from "../settings/settings.ts";
import type { Clock } from "../time/clock.ts";
import { openSharedParts } from "./shared-parts.ts";
import { StartError } from "./start-error.ts";

export interface RepairOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Rebuilt whatever its state is. Undefined: all products whose gate has lost data. */
  readonly productId: string | undefined;
  readonly dryRun: boolean;
  /** Does not wait for reservations on their way; the ledger will refuse them. */
  readonly force: boolean;
  readonly json: boolean;
  readonly print: (text: string) => void;
}

const sliceSize = 500;

/**
 * Compares the gates with the ledger, and rebuilds those that have lost data, like the gateways do by themselves.
 * @returns whether all is done
 * @throws StartError if there is no such product, or the gate is not to be found
 */
export async function repairGates(options: RepairOptions): Promise<boolean> {
  if (hasNoGate(options.settings)) throw new StartError('gate.mode is "ledger": there is no gate to rebuild');
  await using cleanup = new AsyncDisposableStack();
  const { ledger, gate, queue } = await openSharedParts(options, cleanup);
  if (gate === undefined) throw new StartError("the embedded gate of the running system is not to be found");
  const { logger, clock } = options;
  const repairer = `${hostname()}-${process.pid} repair`;
  const parts: RecoveryParts = {
    ...{ gate, gates: ledger.gates, queue, repairer, logger, clock },
    consumers: () => consumerReports(ledger.heartbeats),
    deadLetters: () => ledger.deadLetters.countWaiting(),
  };
  const { dryRun, force } = options;
  const repairs: ProductRepair[] = [];
  for await (const productId of productsOf(ledger.gates, options)) {
    const repair = await settleProduct(parts, { productId, dryRun, force, always: options.productId !== undefined });
    repairs.push(repair);
    if (!options.json && repair.outcome !== "fine") options.print(`${repair.productId}: ${repair.detail}`);
  }
  const isDone = repairs.every(({ outcome }) => ["fine", "adopted", "repaired"].includes(outcome));
  const changed = repairs.filter(({ outcome }) => outcome !== "fine").length;
  if (options.json) options.print(JSON.stringify({ done: isDone, products: repairs }));
  else options.print(`${repairs.length} products, ${changed} of them not in order`);
  return isDone;
}

async function* productsOf(
  gates: Pick<LedgerGates, "read" | "slice" | "unreturned">,
  { productId, clock }: RepairOptions,
): AsyncGenerator<string> {
  if (productId !== undefined) {
    const [record] = await gates.read([productId]);
    if (record === undefined) {
      throw new StartError(`the ledger has no product ${JSON.stringify(productId)}`, "product_not_found");
    }
    yield productId;
    return;
  }
  const overMs = clock.now() - repairedAfterEndMs;
  for (const read of ["slice", "unreturned"] as const) {
    for (let after: string | undefined = ""; after !== undefined;) {
      const slice: GateRecord[] = await gates[read](after, sliceSize, overMs);
      yield* slice.map(({ product }) => product.id);
      after = slice.length < sliceSize ? undefined : slice.at(-1)!.product.id;
    }
  }
}
