import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { AcceptedReservation } from "../../../src/domain/reservation.ts";
import type { SaleProduct } from "../../../src/domain/sale.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { startSweeper } from "../../../src/orders/sweeper.ts";
import { verifySale } from "../../../src/verify/verify-sale.ts";
import { renderReport } from "../../../src/verify/verification-report.ts";
import { MemoryGate } from "../../fakes/memory-gate.ts";
import { accept, makeProduct, makeSale, payWithinMs, unique } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

type Step =
  | { readonly do: "record"; readonly picks: readonly number[] }
  | { readonly do: "pay" | "cancel"; readonly pick: number }
  | { readonly do: "expire" | "sweep" };

interface Story {
  readonly products: readonly { readonly total: number; readonly limitPerUser: number }[];
  /** Requests to the gate, in this order. */
  readonly requests: readonly { readonly product: number; readonly user: number }[];
  /** The steps of each of several processes. All processes run at once. */
  readonly processes: readonly (readonly Step[])[];
}

const pick = fc.nat({ max: 1_000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("record" as const),
      picks: fc.array(pick, { minLength: 1, maxLength: 12 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("pay" as const, "cancel" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("expire" as const, "sweep" as const) }) },
);
const story: fc.Arbitrary<Story> = fc.record({
  products: fc.array(fc.record({ total: fc.nat({ max: 8 }), limitPerUser: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 3,
  }),
  requests: fc.array(fc.record({ product: pick, user: fc.nat({ max: 5 }) }), { minLength: 1, maxLength: 25 }),
  processes: fc.array(fc.array(step, { maxLength: 8 }), { minLength: 2, maxLength: 4 }),
});

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`several processes at one ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledgers: Ledger[];

    beforeAll(async () => {
      place = await kind.create();
      ledgers = Array.from({ length: 4 }, () => place.connect());
      await ledgers[0]!.migrate();
    });
    afterAll(() => place?.remove());

    test("whatever they do, in whatever order, the invariants hold and every answer stays the same", async () => {
      const property = fc.asyncProperty(story, (generated) => new StoryRun(ledgers, generated).run());
      await fc.assert(property, { numRuns: 30, ...replay() });
    }, 120_000);

    test("an audit in the midst of writing sees figures that agree with each other", async () => {
      const sale = makeSale();
      const product = makeProduct(sale, { total: 100_000 });
      const [writer, payer, auditor] = ledgers as [Ledger, Ledger, Ledger];
      await writer.sales.create(sale, [product]);
      let auditing = true;
      const write = async (): Promise<void> => {
        while (auditing) {
          const batch = Array.from({ length: 5 }, () => accept(product));
          await writer.orders.record(batch, { payWithinMs });
          await payer.orders.pay(batch[0]!.reservationId, Date.now());
        }
      };
      const writing = write();
      for (let round = 0; round < 40; round++) {
        const { results } = await verifySale({ saleId: sale.id, ledger: auditor, atRest: false });
        expect(results.I1).toMatchObject({ status: "ok" });
      }
      auditing = false;
      await writing;
    }, 60_000);

    test("batches of the same reservations, shuffled and tenfold, from all sides leave one order each", async () => {
      const sale = makeSale();
      const products = [makeProduct(sale, { total: 40 }), makeProduct(sale, { total: 40 })];
      await ledgers[0]!.sales.create(sale, products);
      const all = Array.from({ length: 80 }, (_, index): AcceptedReservation => ({
        reservationId: unique("reservation"),
        saleId: sale.id,
        productId: products[index % 2]!.id,
        userId: unique("user"),
        epoch: 1,
        acceptedAtMs: 1,
      }));
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, index) => {
          // Each batch holds a quarter of the reservations, and each process takes the products in another order.
          const batch = all.filter((_reservation, place_) => place_ % 4 === index % 4);
          return ledgers[Math.floor(index / 4) % 4]!.orders.record(index % 2 ? batch : batch.toReversed(), {
            payWithinMs,
          });
        }),
      );
      const kinds = outcomes.flat().map((outcome) => outcome.kind);
      expect(kinds.filter((one) => one === "recorded")).toHaveLength(80);
      expect(kinds.filter((one) => one === "duplicate")).toHaveLength(720);
      expect(await ledgers[0]!.sales.readTotals(products[0]!.id)).toEqual({ total: 40, reserved: 40, sold: 0 });
    }, 60_000);
  });
}

/** A failure prints its seed and path. TEST_SEED and TEST_PATH with these values repeat it. */
function replay(): { seed?: number; path?: string } {
  const { TEST_SEED, TEST_PATH } = process.env;
  return { ...(TEST_SEED ? { seed: Number(TEST_SEED) } : {}), ...(TEST_PATH ? { path: TEST_PATH } : {}) };
}

class StoryRun {
  readonly #ledgers: readonly Ledger[];
  readonly #story: Story;
  readonly #sale = makeSale();
  readonly #products: SaleProduct[];
  readonly #gate = new MemoryGate();
  /** Every answer that any process got, by reservation. */
  readonly #answers = new Map<string, string[]>();

  constructor(ledgers: readonly Ledger[], generated: Story) {
    this.#ledgers = ledgers;
    this.#story = generated;
    this.#products = generated.products.map((product) => makeProduct(this.#sale, product));
  }

  async run(): Promise<void> {
    const [first] = this.#ledgers as [Ledger];
    await first.sales.create(this.#sale, this.#products);
    await this.#askGate();
    await Promise.all(
      this.#story.processes.map(async (steps, index) => {
        for (const one of steps) await this.#do(this.#ledgers[index] as Ledger, one);
      }),
    );
    // The queue delivers everything in the end.
    await this.#record(first, this.#gate.accepted);
    await this.#sweep(first);
    await this.#check(first);
  }

  /** The gate has a high limit per user here, so that the ledger's limit refuses some reservations. */
  async #askGate(): Promise<void> {
    const run = unique("run");
    for (const product of this.#products) {
      await this.#gate.arm(this.#sale, { ...product, limitPerUser: 1_000 }, product.total);
    }
    for (const { product, user } of this.#story.requests) {
      const { id, saleId } = this.#products[product % this.#products.length] as SaleProduct;
      await this.#gate.reserve({
        reservationId: unique("reservation"),
        saleId,
        productId: id,
        userId: `${run}-${user}`,
      });
    }
    for (const product of this.#products) {
      const entries = await this.#gate.readOutbox(product, "relay", 1_000);
      const ids = entries.map(({ entryId }) => entryId);
      await this.#gate.acknowledgeOutbox(product, ids);
    }
  }

  async #do(ledger: Ledger, one: Step): Promise<void> {
    if (this.#gate.accepted.length === 0) return;
    const at = (index: number): AcceptedReservation =>
      this.#gate.accepted[index % this.#gate.accepted.length] as AcceptedReservation;
    if (one.do === "record") await this.#record(ledger, one.picks.map(at));
    else if (one.do === "pay") await ledger.orders.pay(at(one.pick).reservationId, Date.now());
    else if (one.do === "cancel") await ledger.orders.cancel(at(one.pick).reservationId);
    else if (one.do === "expire")
      await ledger.orders.expireUnpaid(Date.now() + 2 * payWithinMs, 1 + (this.#gate.accepted.length % 3));
    else await this.#sweep(ledger);
  }

  async #record(ledger: Ledger, batch: readonly AcceptedReservation[]): Promise<void> {
    const outcomes = await ledger.orders.record(batch, { payWithinMs });
    for (const [index, outcome] of outcomes.entries()) {
      const { reservationId } = batch[index] as AcceptedReservation;
      const answer = outcome.kind === "rejected" ? outcome.reason : outcome.kind;
      this.#answers.set(reservationId, [...(this.#answers.get(reservationId) ?? []), answer]);
    }
  }

  async #sweep({ orders, bundles, returns }: Ledger): Promise<void> {
    // No order is due at this time, so the sweep only brings returns to the gate.
    const sweeper = startSweeper({ orders, bundles, returns, gate: this.#gate, now: () => 0, intervalMs: 1_000_000 });
    await sweeper.sweep();
    await sweeper.stop();
  }

  async #check(ledger: Ledger): Promise<void> {
    const told = this.#gate.accepted.map(({ reservationId, productId, userId }) => {
      return { reservationId, productId, userId, answer: "accepted" as const };
    });
    const report = await verifySale({ saleId: this.#sale.id, ledger, gate: this.#gate, told });
    if (!report.ok) throw new Error(renderReport(report));
    for (const id of ["I1", "I2", "I3", "I5", "I6", "I7"] as const) expect(report.results[id].status).toBe("ok");
    for (const [reservationId, answers] of this.#answers) {
      const distinct = new Set(answers);
      const recorded = answers.filter((answer) => answer === "recorded").length;
      if (distinct.has("recorded") || distinct.has("duplicate")) {
        expect({
          reservationId,
          recorded,
          others: [...distinct.difference(new Set(["recorded", "duplicate"]))],
        }).toEqual({
          reservationId,
          recorded: 1,
          others: [],
        });
      } else {
        expect([...distinct]).toHaveLength(1);
        // This gate never gives away more than there is.
        expect([...distinct]).toEqual(["limit_per_user"]);
      }
    }
  }
}
