import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { AcceptedReservation } from "../../../src/domain/reservation.ts";
import type { SaleProduct } from "../../../src/domain/sale.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { pause } from "../../../src/time/pause.ts";
import { verifySale } from "../../../src/verify/verify-sale.ts";
import { renderReport } from "../../../src/verify/verification-report.ts";
import { acceptBundle, createShelf, windows, type AcceptedBundle } from "./bundle-fixtures.ts";
import { payWithinMs } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";
import { eventOf } from "./payment-fixtures.ts";

type Step =
  /** Which of all parts are in a consumer's batch, in its order. */
  | { readonly do: "record"; readonly picks: readonly number[] }
  | { readonly do: "giveUp" | "pay" | "payThroughProvider" | "cancel" | "callOff"; readonly pick: number }
  | { readonly do: "expire" | "breakOverdue" | "releaseBroken" | "cancelSale" | "newEpoch" };

const pick = fc.nat({ max: 10_000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      do: fc.constant("record" as const),
      picks: fc.array(pick, { minLength: 1, maxLength: 20 }),
    }),
  },
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "giveUp" as const,
        "pay" as const,
        "payThroughProvider" as const,
        "cancel" as const,
        "callOff" as const,
      ),
      pick,
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constantFrom("expire" as const, "breakOverdue" as const, "releaseBroken" as const) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("cancelSale" as const, "newEpoch" as const) }) },
);

interface Story {
  readonly products: number;
  readonly total: number;
  readonly limitPerUser: number;
  /** The number of the first product of each bundle, how many it has, and whose it is. */
  readonly bundles: readonly { readonly from: number; readonly parts: number; readonly user: number }[];
  /** The steps of each of several processes. All processes run at once. */
  readonly processes: readonly (readonly Step[])[];
}

const story: fc.Arbitrary<Story> = fc.record({
  products: fc.integer({ min: 3, max: 5 }),
  total: fc.integer({ min: 1, max: 6 }),
  limitPerUser: fc.integer({ min: 1, max: 2 }),
  bundles: fc.array(
    fc.record({ from: fc.nat({ max: 4 }), parts: fc.integer({ min: 2, max: 3 }), user: fc.nat({ max: 4 }) }),
    {
      minLength: 2,
      maxLength: 10,
    },
  ),
  processes: fc.array(fc.array(step, { minLength: 2, maxLength: 8 }), { minLength: 3, maxLength: 4 }),
});

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`bundles and several processes at once on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledgers: Ledger[];
    let ledger: Ledger;

    beforeAll(async () => {
      place = await kind.create();
      ledgers = Array.from({ length: 4 }, () => place.connect());
      ledger = ledgers[0]!;
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    const record = (batch: readonly AcceptedReservation[], by = ledger) => by.orders.record(batch, windows);
    async function expectWhole([product]: readonly SaleProduct[]): Promise<void> {
      while ((await ledger.bundles.releaseBroken(500)) > 0);
      const report = await verifySale({ saleId: product!.saleId, ledger, atRest: false });
      if (report.outcome === "violated") throw new Error(renderReport(report));
    }

    test("whatever they do, in whatever order, everybody gets all of a bundle or nothing", async () => {
      const property = fc.asyncProperty(story, (generated) => runStory(ledgers, generated));
      const seed = process.env["TEST_SEED"];
      await fc.assert(property, { numRuns: 40, ...(seed !== undefined && { seed: Number(seed) }) });
    }, 240_000);

    test("giving up and the last part in the same moment have one outcome", async () => {
      const { products } = await createShelf(ledger, 2, { total: 1_000 });
      const bundles = Array.from({ length: 60 }, () => acceptBundle(products));
      await record(bundles.map(({ accepted }) => accepted[0]!));
      const answers = await Promise.all(
        bundles.flatMap((bundle, index) => [
          ledgers[index % 4]!.bundles.giveUp(bundle, "sold_out"),
          record([bundle.accepted[1]!], ledgers[(index + 1) % 4]).then(([outcome]) => outcome!.kind),
        ]),
      );
      for (const [index, { bundleId }] of bundles.entries()) {
        const { state } = (await ledger.bundles.read(bundleId))!;
        const [gaveUp, recorded] = answers.slice(2 * index, 2 * index + 2);
        expect([gaveUp, recorded]).toEqual(state === "complete" ? ["complete", "recorded"] : ["broken", "rejected"]);
      }
      await expectWhole(products);
    }, 60_000);

    test("consumers with parts of the same bundles in different batches, beside sweepers, do not end in deadlocks", async () => {
      const { products } = await createShelf(ledger, 8, { total: 10_000 });
      const bundles = Array.from({ length: 150 }, () => acceptBundle(products));
      // The parts of each bundle are spread over four consumers, and the second half of them is given up meanwhile.
      // A deadlock would fail, since nothing is repeated. SQLite has none, and repeats while another process writes.
      const strict = kind.name === "MySQL" ? { retry: { maxAttempts: 1 } } : {};
      const strictLedgers = ledgers.map(() => place.connect(strict));
      const lanes = strictLedgers.map((by, lane) => {
        const parts = bundles.flatMap(({ accepted }) => accepted.filter((_, index) => index % 4 === lane));
        return async (): Promise<void> => {
          const order = lane % 2 === 0 ? parts : parts.toReversed();
          for (let start = 0; start < order.length; start += 60) await record(order.slice(start, start + 60), by);
        };
      });
      const giveUps = async (): Promise<void> => {
        for (const bundle of bundles.slice(75)) await strictLedgers[1]!.bundles.giveUp(bundle, "sold_out");
      };
      let working = true;
      const sweeps = [strictLedgers[2]!, strictLedgers[3]!].map(async (by) => {
        // The pause lets others go on where the database works within the process.
        for (; working; await pause(1)) await by.bundles.releaseBroken(100);
      });
      await Promise.all([...lanes.map((lane) => lane()), giveUps()]);
      working = false;
      await Promise.all(sweeps);
      await expectWhole(products);
      const ids = bundles.map(({ bundleId }) => bundleId);
      const read = await ledger.bundles.readMany(ids);
      // The ledger gives them in any order.
      const states = ids.map((id) => read.get(id)?.state);
      expect(states).not.toContain("collecting");
      expect(states.slice(0, 75)).toEqual(Array(75).fill("complete"));
    }, 120_000);
  });
}

/** One story with several processes. Ends with a sweep and the verifier. */
async function runStory(ledgers: readonly Ledger[], story: Story): Promise<void> {
  const ledger = ledgers[0]!;
  const { sale, products } = await createShelf(ledger, story.products, {
    ...{ total: story.total, limitPerUser: story.limitPerUser },
  });
  const bundles = story.bundles.map(({ from, parts, user }) => {
    const some = Array.from({ length: parts }, (_, index) => products[(from + index) % products.length]!);
    return acceptBundle(some, { userId: `user-${user}` });
  });
  const run = { sale, products, bundles, parts: bundles.flatMap(({ accepted }) => accepted) };
  await Promise.all(
    story.processes.map(async (steps, index) => {
      for (const one of steps) await take(ledgers[index]!, one, run);
    }),
  );
  // Every part arrives in the end, and the windows of those that are missing none the less are over.
  await record(ledger, run.parts);
  await ledger.bundles.breakOverdue(Date.now() + windows.collectWithinMs + 1, 1_000);
  while ((await ledger.bundles.releaseBroken(100)) > 0);
  while ((await ledger.orders.releaseCancelled(100)) > 0);
  const report = await verifySale({ saleId: sale.id, ledger, atRest: true });
  if (report.outcome === "violated") throw new Error(renderReport(report));
}

interface StoryRun {
  readonly sale: { readonly id: string };
  readonly products: readonly SaleProduct[];
  readonly bundles: readonly AcceptedBundle[];
  readonly parts: readonly AcceptedReservation[];
}

const record = (ledger: Ledger, parts: readonly AcceptedReservation[]) => ledger.orders.record(parts, windows);

async function take(ledger: Ledger, step: Step, { sale, products, bundles, parts }: StoryRun): Promise<void> {
  const bundleAt = (index: number): AcceptedBundle => bundles[index % bundles.length]!;
  /** Sometimes the bundle's id, sometimes that of a part. */
  const idAt = (index: number): string =>
    index % 2 === 0 ? bundleAt(index).bundleId : parts[index % parts.length]!.reservationId;
  switch (step.do) {
    case "record":
      await record(
        ledger,
        step.picks.map((index) => parts[index % parts.length]!),
      );
      return;
    case "giveUp":
      await ledger.bundles.giveUp(bundleAt(step.pick), "sold_out");
      return;
    case "pay":
      await ledger.orders.pay(idAt(step.pick), Date.now());
      return;
    case "payThroughProvider":
      return payThroughProvider(ledger, bundleAt(step.pick));
    case "cancel":
      await ledger.orders.cancel(idAt(step.pick));
      return;
    case "callOff":
      await ledger.payments.callOff(idAt(step.pick));
      return;
    case "expire":
      await ledger.orders.expireUnpaid(Date.now() + payWithinMs + 1, 1_000);
      return;
    case "breakOverdue":
      await ledger.bundles.breakOverdue(Date.now() + windows.collectWithinMs + 1, 1_000);
      return;
    case "releaseBroken":
      await ledger.bundles.releaseBroken(100);
      return;
    case "cancelSale":
      await ledger.changes.change(sale.id, { kind: "cancel" }, { actor: "Ada" });
      await ledger.orders.releaseCancelled(1_000);
      return;
    case "newEpoch":
      await ledger.gates.raiseEpoch(products[0]!.id, 1);
  }
}

async function payThroughProvider(ledger: Ledger, { bundleId }: AcceptedBundle): Promise<void> {
  const orders = (await ledger.bundles.read(bundleId))?.orders ?? [];
  const amountMinor = orders.reduce((sum, { priceMinor, quantity }) => sum + priceMinor * quantity, 0);
  const money = { amountMinor, currency: "EUR" };
  const nowMs = Date.now();
  const opened = await ledger.payments
    .open(bundleId, { ...money, provider: "simulator", nowMs, askAtMs: nowMs + 1_000 })
    // More parts came between the reading and the lock.
    .catch((error: unknown) => {
      if (!(error instanceof RangeError)) throw error;
    });
  if (opened?.kind !== "open") return;
  await ledger.payments.apply(eventOf(opened.payment, "succeeded", { money }));
}
