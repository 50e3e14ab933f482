import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { startProcess, temporaryFolder } from "../../../tools/test-services/index.ts";
import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import type { Sale, SaleProduct } from "../../src/domain/sale.ts";
import { productKeys } from "../../src/gate/product-keys.ts";
import type { Gate } from "../../src/gate/gate.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { repairGate, type RepairOutcome } from "../../src/recovery/repair-gate.ts";
import { startSweeper } from "../../src/orders/sweeper.ts";
import { embeddedQueue } from "../../src/queue/embedded-queue.ts";
import { renderReport } from "../../src/verify/verification-report.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";
import { gateServerKinds, type GateTestServer } from "../contract/gate/gate-servers.ts";
import { makeProduct, makeSale, payWithinMs } from "../contract/ledger/ledger-fixtures.ts";
import { acceptAndHandOver } from "../fakes/accept-and-hand-over.ts";
import { openTestGate, repairParts, type StepHooks } from "./repair-steps.ts";
import { Redis } from "ioredis";

const timeoutMs = 120_000;

for (const kind of gateServerKinds) {
  describe.skipIf(kind.skipReason !== "")(`the repair of a gate on ${kind.name}${kind.skipReason}`, () => {
    let server: GateTestServer;
    let redis: Redis;
    let gate: Gate;
    let file: string;
    let ledger: Ledger;
    let sale: Sale;
    let product: SaleProduct;
    let sold: AcceptedReservation[];

    beforeAll(async () => {
      server = await kind.start();
      redis = new Redis(server.port, server.host);
      gate = openTestGate(server.port);
    }, 30_000);
    afterAll(async () => {
      redis.disconnect();
      await gate.close();
      await server.stop();
    });

    /** Six of ten units are sold: two are paid, one is cancelled and returned, one is cancelled and not yet returned. */
    beforeEach(async () => {
      file = join(temporaryFolder("repair"), "ledger.sqlite");
      ledger = sqliteLedger({ file });
      await ledger.migrate();
      sale = makeSale();
      product = makeProduct(sale);
      await ledger.sales.create(sale, [product]);
      await ledger.gates.noteArmed([product.id], 1);
      await gate.arm(sale, product, product.total);
      sold = [];
      for (let i = 0; i < 6; i++) sold.push(await acceptAndHandOver(gate, product));
      await ledger.orders.record(sold, { payWithinMs });
      for (const { reservationId } of sold.slice(0, 2)) await ledger.orders.pay(reservationId, 1);
      await ledger.orders.cancel(sold[2]!.reservationId);
      await sweep();
      await ledger.orders.cancel(sold[3]!.reservationId);
    });
    afterEach(() => ledger.close());

    async function sweep(): Promise<void> {
      const sweeper = startSweeper({ ...ledger, gate, now: () => 0, intervalMs: 1_000_000 });
      await sweeper.sweep();
      await sweeper.stop();
    }
    const forget = (): Promise<unknown> => redis.del(...productKeys(product));
    const statusOf = () => gate.status(sale.id, product.id);
    const recordOf = async () => (await ledger.gates.read([product.id]))[0]!;
    const epochOf = async () => (await recordOf()).product.epoch;

    async function repair(hooks: StepHooks = {}, force = false): Promise<RepairOutcome> {
      const parts = repairParts(gate, ledger, hooks);
      const [record] = await ledger.gates.read([product.id]);
      return repairGate(parts, { record: record!, status: await statusOf(), reason: "a test", force });
    }

    /** Brings all returns to the gate, sells the rest, and lets the verifier look at everything. */
    async function verifyToTheEnd(): Promise<void> {
      await sweep();
      expect(await ledger.returns.pending(10)).toEqual([]);
      const { available } = (await statusOf())!;
      const { taken } = await recordOf();
      expect(available).toBe(product.total - taken);
      for (let i = 0; i < available; i++) {
        await ledger.orders.record([await acceptAndHandOver(gate, product)], { payWithinMs });
      }
      await expect(acceptAndHandOver(gate, product)).rejects.toThrow("sold_out");
      const report = await verifySale({ saleId: sale.id, ledger, gate, demandLeft: true });
      if (!report.ok) throw new Error(renderReport(report));
      expect(report.results.I6.status).toBe("ok");
    }

    test("gives the gate exactly what the ledger has: units, buyers, and reservations that are spent", async () => {
      await forget();
      expect(await repair()).toMatchObject({ kind: "repaired", epoch: 2, units: 6, orders: 4 });
      expect(await statusOf()).toMatchObject({ epoch: 2, available: 6, holders: 4, returns: 2, open: true });
      for (const reservation of sold) {
        const outcome = await gate.reserve({ ...reservation, reservationId: reservation.reservationId });
        expect(outcome).toEqual({ kind: "replay", reservationId: reservation.reservationId });
      }
      await verifyToTheEnd();
    });

    test("ignores returns of the epoch before, however often they come", async () => {
      const before = { ...sold[3]!, epoch: 1 };
      await forget();
      await repair();
      for (let i = 0; i < 3; i++) expect(await gate.giveBack(before)).toMatchObject({ kind: "ignored" });
      expect(await statusOf()).toMatchObject({ available: 6 });
      await verifyToTheEnd();
    });

    test("takes a return of the new epoch once, though it comes twice, before and after another rebuild", async () => {
      await forget();
      await repair();
      await ledger.orders.cancel(sold[4]!.reservationId);
      const [, pending] = await ledger.returns.pending(10);
      expect(await gate.giveBack(pending!)).toMatchObject({ kind: "returned" });
      expect(await gate.giveBack(pending!)).toMatchObject({ kind: "ignored" });
      // The ledger has not marked it: the sweeper died. The next epoch counts the unit as one that is still to come.
      await forget();
      await repair();
      expect(await gate.giveBack(pending!)).toMatchObject({ kind: "ignored" });
      expect(await statusOf()).toMatchObject({ available: 7 });
      await verifyToTheEnd();
    });

    test("by several processes at once happens, and leaves one consistent gate", async () => {
      await forget();
      const repairers = Array.from({ length: 4 }, () => startRepairer(0));
      const ended = await Promise.all(repairers.map(async (started) => (await started).exited));
      expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
      const told = await Promise.all(repairers.map(async (started) => (await started).stdout().split(" ")[0]));
      expect(told.filter((word) => word === "repaired").length).toBeGreaterThan(0);
      expect(told.filter((word) => word !== "repaired" && word !== "overtaken")).toEqual([]);
      await verifyToTheEnd();
    });

    test("whose record is older than another repair leaves the product open", async () => {
      await forget();
      const record = await recordOf();
      await repair();
      const parts = repairParts(gate, ledger);
      const late = await repairGate(parts, { record, status: await statusOf(), reason: "a test" });
      expect(late).toEqual({ kind: "overtaken" });
      expect(await statusOf()).toMatchObject({ open: true, epoch: 2 });
      await verifyToTheEnd();
    });

    test(
      "that is killed after any of its steps is finished by the next process",
      async () => {
        const steps: string[] = [];
        for (let step = 1; ; step++) {
          await forget();
          const killed = await startRepairer(step);
          const { signal } = await killed.exited;
          if (signal === null) {
            expect(killed.stdout()).toContain("repaired");
            break;
          }
          steps.push(killed.stdout().trim());
          const before = await statusOf();
          // Only the last steps come after the opening.
          if (before?.open !== true) {
            expect(await gate.reserve({ ...sold[5]!, userId: "other", reservationId: "early" })).toEqual({
              kind: "closed",
            });
          }
          const finished = await startRepairer(0);
          await finished.exited;
          expect(finished.stdout()).toContain("repaired");
          const content = (await ledger.gates.content(product.id))!;
          const status = (await statusOf())!;
          expect([status.available, status.holders, status.epoch]).toEqual([
            product.total - content.record.taken - content.record.pendingReturns,
            content.holders.size,
            await epochOf(),
          ]);
        }
        for (const step of ["gate.begin", "ledger.raiseEpoch", "ledger.content", "gate.fillHolders", "gate.finish"]) {
          expect(steps).toContain(`killed after ${step}`);
        }
        await verifyToTheEnd();
      },
      timeoutMs,
    );

    test("of a process that was frozen does not end the epoch that another one has begun and opened meanwhile", async () => {
      await forget();
      const [record, status] = [await recordOf(), await statusOf()];
      const { promise: thawed, resolve: thaw } = Promise.withResolvers<void>();
      const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
      const parts = repairParts(gate, ledger, {
        async before(step) {
          if (step !== "ledger.raiseEpoch") return;
          stop();
          await thawed;
        },
      });
      const frozen = repairGate(parts, { record, status, reason: "a test" });
      await stopped;
      await Bun.sleep(400);
      expect(await repair()).toMatchObject({ kind: "repaired", epoch: 2 });
      const promised = await acceptAndHandOver(gate, product);
      thaw();
      expect(await frozen).toEqual({ kind: "overtaken" });
      expect(await epochOf()).toBe(2);
      expect(await ledger.orders.record([promised], { payWithinMs })).toEqual([{ kind: "recorded" }]);
      await verifyToTheEnd();
    });

    test("of a gate that loses its data again meanwhile opens nothing, and starts over", async () => {
      let isFirst = true;
      const outcome = await repair({
        async after(step) {
          if (step !== "gate.fillDecided" || !isFirst) return;
          isFirst = false;
          await redis.del(productKeys(product)[1]);
        },
      });
      expect(outcome).toEqual({ kind: "overtaken" });
      expect(await gate.reserve({ ...sold[5]!, reservationId: "new", userId: "new" })).toEqual({ kind: "closed" });
      await Bun.sleep(300);
      expect(await repair()).toMatchObject({ kind: "repaired" });
      await verifyToTheEnd();
    });

    test("lets payments, cancellations, expiries and returns go on at each step, and counts each unit once", async () => {
      const transitions = [
        () => ledger.orders.pay(sold[4]!.reservationId, 1),
        () => ledger.orders.cancel(sold[5]!.reservationId),
        () => sweep(),
      ];
      const hookable = ["gate.begin", "ledger.raiseEpoch", "ledger.content", "gate.fillHolders", "ledger.noteArmed"];
      for (const [index, step] of hookable.entries()) {
        const more = await acceptAndHandOver(gate, product);
        await ledger.orders.record([more], { payWithinMs });
        await forget();
        const wanted = [() => ledger.orders.cancel(more.reservationId), transitions[index], () => sweep()];
        let isDone = false;
        await repair({
          async after(name) {
            if (name !== step || isDone) return;
            isDone = true;
            for (const transition of wanted) await transition?.();
          },
        });
        expect(isDone).toBe(true);
        await sweep();
        expect(await ledger.returns.pending(10)).toEqual([]);
        const { taken } = await recordOf();
        expect((await statusOf())!.available).toBe(product.total - taken);
      }
      await verifyToTheEnd();
    });

    test("waits for what is on its way; by force it does not, and the ledger then refuses it", async () => {
      const { saleId, id: productId } = product;
      const inOutbox = await gate.reserve({ saleId, productId, userId: "ann", reservationId: "in-outbox" });
      expect(inOutbox.kind).toBe("accepted");
      const waiting = await repair();
      expect(waiting).toEqual({ kind: "not_drained", why: "1 reservations are in the gate's outbox" });
      expect(await epochOf()).toBe(1);
      expect(await repair({}, true)).toMatchObject({ kind: "repaired", epoch: 2 });
      const entries = await gate.readOutbox(product, "relay", 10);
      const straggler = entries[0]!.reservation;
      expect(straggler).toMatchObject({ reservationId: "in-outbox", epoch: 1 });
      // Before its message arrives, the buyer asks again, and the rebuilt gate accepts.
      const again = await gate.reserve({ saleId, productId, userId: "ann", reservationId: "in-outbox" });
      expect(again.kind).toBe("accepted");
      const all = [...entries, ...(await gate.readOutbox(product, "relay", 10))];
      expect(
        await ledger.orders.record(
          all.map(({ reservation }) => reservation),
          { payWithinMs },
        ),
      ).toEqual([
        { kind: "rejected", reason: "gate_lost" },
        { kind: "rejected", reason: "gate_lost" },
      ]);
      await gate.acknowledgeOutbox(
        product,
        all.map(({ entryId }) => entryId),
      );
      await verifyToTheEnd();
    });

    test("waits for messages that a consumer of the embedded queue has in its hands", async () => {
      const queue = embeddedQueue({ file: ":memory:" });
      const straggler = await acceptAndHandOver(gate, product);
      await queue.publish([straggler]);
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      const { promise: taken, resolve: take } = Promise.withResolvers<void>();
      await queue.consume(
        async (batch) => {
          take();
          await released;
          await ledger.orders.record(
            batch.map(({ reservation }) => reservation!),
            { payWithinMs },
          );
        },
        { maxBatch: 10, maxWaitMs: 0 },
      );
      await taken;
      expect(await queue.depth()).toEqual({ ready: 0, unacknowledged: 1 });
      expect(await queue.unsettled!(product.id)).toBe(1);
      expect(await queue.unsettled!("another")).toBe(0);
      const [record] = await ledger.gates.read([product.id]);
      const parts = { ...repairParts(gate, ledger), queue };
      const repairing = repairGate(parts, { record: record!, status: await statusOf(), reason: "a test" });
      await Bun.sleep(100);
      expect(await epochOf()).toBe(1);
      release();
      expect(await repairing).toMatchObject({ kind: "repaired", orders: 5 });
      await queue.close();
      await verifyToTheEnd();
    });

    function startRepairer(lastStep: number) {
      const script = join(import.meta.dir, "repair-and-die.ts");
      return startProcess({
        cmd: [process.execPath, script, String(server.port), file, product.id, String(lastStep)],
      });
    }
  });
}
