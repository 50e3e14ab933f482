import { expect, test } from "bun:test";
import { repairedAfterEndMs } from "../../src/domain/sale.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import type { RecoveryParts } from "../../src/recovery/recovery-parts.ts";
import { settleProduct } from "../../src/recovery/settle-product.ts";
import { systemClock } from "../../src/time/clock.ts";
import { createSale } from "../contract/ledger/ledger-fixtures.ts";
import { acceptAndHandOver } from "../fakes/accept-and-hand-over.ts";
import { MemoryGate } from "../fakes/memory-gate.ts";

test("a product that its gate has forgotten long after the sale is rebuilt only if it is named", async () => {
  const ledger = sqliteLedger({ file: ":memory:" });
  await ledger.migrate();
  const { sale, product } = await createSale(ledger);
  const gate = new MemoryGate();
  await ledger.gates.noteArmed([product.id], 1);
  await gate.arm(sale, product, product.total);
  const reservation = await acceptAndHandOver(gate, product);
  await ledger.orders.record([reservation], { payWithinMs: 60_000 });
  // A unit is to come back, so the product is looked at, however old its sale is.
  await ledger.orders.cancel(reservation.reservationId);
  gate.stocks.clear();
  const settle = (nowMs: number, always: boolean, dryRun: boolean) => {
    const clock = { ...systemClock, now: () => nowMs };
    const parts: RecoveryParts = {
      ...{ gate, gates: ledger.gates, queue: undefined, repairer: "test", logger: silentLogger, clock },
    };
    return settleProduct(parts, { productId: product.id, dryRun, force: true, always });
  };
  const longAfterMs = sale.endsAtMs + repairedAfterEndMs + 1;
  expect(await settle(longAfterMs, false, false)).toMatchObject({
    outcome: "fine",
    detail: expect.stringContaining("forgotten"),
  });
  expect(gate.stocks.size).toBe(0);
  expect(await settle(sale.endsAtMs, false, true)).toMatchObject({ outcome: "would_repair" });
  expect(await settle(longAfterMs, true, false)).toMatchObject({ outcome: "repaired" });
  expect(gate.stocks.size).toBe(1);
  await ledger.close();
});
