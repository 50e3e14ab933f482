import type { ReservationRequest } from "../../src/domain/reservation.ts";
import type { SaleChange } from "../../src/domain/sale-change.ts";
import type { Sale, SaleProduct } from "../../src/domain/sale.ts";
import type { Gate } from "../../src/gate/gate.ts";
import { ledgerGate } from "../../src/ledger-gate/ledger-gate.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { startSweeper } from "../../src/orders/sweeper.ts";
import { SaleService } from "../../src/sales/sale-service.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";

export type Step =
  /** Several users ask at once; a user's number and the number of the user's reservation. */
  | { readonly do: "reserve"; readonly asked: readonly (readonly [user: number, nth: number])[] }
  | { readonly do: "pay" | "cancel"; readonly user: number; readonly nth: number }
  | { readonly do: "expire" }
  | { readonly do: "restock"; readonly units: number }
  | { readonly do: "raiseLimit" | "pause" | "resume" | "pauseSale" | "resumeSale" | "end" | "cancelSale" };

const payWithinMs = 3_600_000;
const far = 1_000_000_000;

/** A sale in one of the modes: what it answers to each step, and what it is in the end. */
export class ModeUnderTest {
  readonly #sale: Sale;
  readonly #product: SaleProduct;
  readonly #ledger: Ledger;
  readonly #gate: Gate;
  readonly #service: SaleService;
  #limit: number;

  private constructor(sale: Sale, product: SaleProduct, ledger: Ledger, gate: Gate) {
    this.#sale = sale;
    this.#product = product;
    this.#ledger = ledger;
    this.#gate = gate;
    this.#limit = product.limitPerUser;
    this.#service = new SaleService({ changes: ledger.changes, orders: ledger.orders, gates: ledger.gates, gate });
  }

  /** Without a gate, the ledger decides. */
  static async open(sale: Sale, product: SaleProduct, gate?: Gate): Promise<ModeUnderTest> {
    const ledger = sqliteLedger({ file: ":memory:" });
    await ledger.migrate();
    await ledger.changes.create(sale, [product], { actor: "test", state: "published" });
    const { sale: record, products } = (await ledger.changes.read(sale.id))!;
    if (gate !== undefined) {
      await ledger.gates.noteArmed([product.id], 1);
      await gate.arm(record, products[0]!, product.total);
    }
    return new ModeUnderTest(sale, product, ledger, gate ?? ledgerGate({ ...ledger, payWithinMs }));
  }

  async take(step: Step): Promise<unknown> {
    const answer = await this.#answerTo(step).catch((error: Error) => error.name);
    await this.#settle();
    return answer;
  }

  /** Every order, the units, and the verdict of the verifier. */
  async end(asked: Iterable<string>): Promise<unknown> {
    const report = await verifySale({ saleId: this.#sale.id, ledger: this.#ledger, gate: this.#gate });
    const status = (await this.#gate.status(this.#sale.id, this.#product.id))!;
    const holders = status.holders ?? (await this.#ledger.gates.content(this.#product.id))!.holders.size;
    const answers = await this.#ledger.orders.readAnswers([...asked]);
    return {
      violated: Object.entries(report.results).filter(([, { status: verdict }]) => verdict === "violated"),
      totals: await this.#ledger.sales.readTotals(this.#product.id),
      status: [status.available, status.total, status.paused, holders, status.outboxLength],
      orders: [...answers].map(([id, { order, rejection }]) => [id, order?.state, rejection]).toSorted(),
    };
  }

  async close(): Promise<void> {
    await this.#ledger.close();
  }

  async #answerTo(step: Step): Promise<unknown> {
    const { orders } = this.#ledger;
    switch (step.do) {
      case "reserve":
        return Promise.all(step.asked.map(([user, nth]) => this.#reserve(user, nth)));
      case "pay":
        return (await orders.pay(idOf(step.user, step.nth), Date.now())).kind;
      case "cancel":
        return (await orders.cancel(idOf(step.user, step.nth))).kind;
      case "expire":
        return orders.expireUnpaid(Date.now() + far, 1_000);
      default: {
        const { sale, products } = await this.#service.change(this.#sale.id, this.#changeOf(step), {
          actor: "test",
        });
        return [
          sale.state,
          sale.paused,
          products.map(({ total, paused, limitPerUser }) => [total, paused, limitPerUser]),
        ];
      }
    }
  }

  async #reserve(user: number, nth: number): Promise<unknown> {
    const request: ReservationRequest = {
      ...{ saleId: this.#sale.id, productId: this.#product.id },
      ...{ userId: `user-${user}`, reservationId: idOf(user, nth) },
    };
    const outcome = await this.#gate.reserve(request, { minEpoch: 1 });
    if (outcome.kind === "accepted")
      return [outcome.kind, outcome.reservation.reservationId, outcome.reservation.epoch];
    return outcome;
  }

  #changeOf(step: Exclude<Step, { do: "reserve" | "pay" | "cancel" | "expire" }>): SaleChange {
    const productId = this.#product.id;
    switch (step.do) {
      case "restock":
        return { kind: "restock", productId, units: step.units };
      case "raiseLimit":
        return { kind: "update", products: [{ id: productId, limitPerUser: ++this.#limit }] };
      case "pause":
      case "resume":
        return { kind: step.do, productId };
      case "pauseSale":
        return { kind: "pause", productId: undefined };
      case "resumeSale":
        return { kind: "resume", productId: undefined };
      case "end":
        return { kind: "end" };
      case "cancelSale":
        return { kind: "cancel" };
    }
  }

  /** What relay, consumer and sweeper do by themselves. */
  async #settle(): Promise<void> {
    const { orders, returns } = this.#ledger;
    for (;;) {
      const entries = await this.#gate.readOutbox(this.#product, "relay", 1_000);
      if (entries.length === 0) break;
      await orders.record(
        entries.map(({ reservation }) => reservation),
        { payWithinMs },
      );
      const entryIds = entries.map(({ entryId }) => entryId);
      await this.#gate.acknowledgeOutbox(this.#product, entryIds);
    }
    const sweeper = startSweeper({ orders, returns, gate: this.#gate, intervalMs: far });
    await sweeper.sweep();
    await sweeper.stop();
  }
}

export function idOf(user: number, nth: number): string {
  return `reservation-${user}-${nth}`;
}
