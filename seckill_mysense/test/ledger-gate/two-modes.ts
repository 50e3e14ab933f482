import { bundleId, partId, partIds } from "../../src/domain/bundle.ts";
import type { ReservationRequest, ReserveOutcome } from "../../src/domain/reservation.ts";
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
  /** One user asks for a unit of each product, all or none. */
  | { readonly do: "bundle"; readonly user: number; readonly nth: number }
  | { readonly do: "pay" | "cancel" | "payBundle" | "cancelBundle"; readonly user: number; readonly nth: number }
  | { readonly do: "expire" }
  | { readonly do: "restock"; readonly units: number }
  | { readonly do: "raiseLimit" | "pause" | "resume" | "pauseSale" | "resumeSale" | "end" | "cancelSale" };

const payWithinMs = 3_600_000;
const far = 1_000_000_000;

/** A sale in one of the modes: what it answers to each step, and what it is in the end. */
export class ModeUnderTest {
  readonly #sale: Sale;
  readonly #product: SaleProduct;
  /** The product, and the others of a bundle. */
  readonly #products: readonly SaleProduct[];
  readonly #ledger: Ledger;
  readonly #gate: Gate;
  readonly #service: SaleService;
  #limit: number;

  private constructor(sale: Sale, products: readonly [SaleProduct, ...SaleProduct[]], ledger: Ledger, gate: Gate) {
    const [product] = products;
    this.#sale = sale;
    this.#product = product;
    this.#products = products;
    this.#ledger = ledger;
    this.#gate = gate;
    this.#limit = product.limitPerUser;
    this.#service = new SaleService({ changes: ledger.changes, orders: ledger.orders, gates: ledger.gates, gate });
  }

  /** Without a gate, the ledger decides. A bundle has a unit of the product, and one of another that has fewer. */
  static async open(sale: Sale, product: SaleProduct, gate?: Gate): Promise<ModeUnderTest> {
    const ledger = sqliteLedger({ file: ":memory:" });
    await ledger.migrate();
    const beside = { ...product, id: `${product.id}-beside`, total: Math.max(1, product.total - 2) };
    const products = [product, beside] as const;
    await ledger.changes.create(sale, [...products], { actor: "test", state: "published" });
    const content = (await ledger.changes.read(sale.id))!;
    if (gate !== undefined) {
      await ledger.gates.noteArmed(
        products.map(({ id }) => id),
        1,
      );
      for (const row of content.products) await gate.arm(content.sale, row, row.total);
    }
    return new ModeUnderTest(sale, [...products], ledger, gate ?? ledgerGate({ ...ledger, payWithinMs }));
  }

  async take(step: Step): Promise<unknown> {
    const answer = await this.#answerTo(step).catch((error: Error) => error.name);
    await this.#settle();
    return answer;
  }

  /** Every order, the units, and the verdict of the verifier. */
  async end(asked: Iterable<string>): Promise<unknown> {
    const report = await verifySale({ saleId: this.#sale.id, ledger: this.#ledger, gate: this.#gate });
    const answers = await this.#ledger.orders.readAnswers([...asked]);
    return {
      violated: Object.entries(report.results).filter(([, { status: verdict }]) => verdict === "violated"),
      products: await Promise.all(this.#products.map(({ id }) => this.#endOf(id))),
      orders: [...answers].map(([id, { order, rejection }]) => [id, order?.state, rejection]).toSorted(),
    };
  }

  async #endOf(productId: string): Promise<unknown> {
    const status = (await this.#gate.status(this.#sale.id, productId))!;
    const holders = status.holders ?? (await this.#ledger.gates.content(productId))!.holders.size;
    return {
      totals: await this.#ledger.sales.readTotals(productId),
      status: [status.available, status.total, status.paused, holders, status.outboxLength],
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
      case "bundle":
        return this.#bundle(step.user, step.nth);
      case "payBundle":
        return (await orders.pay(bundleOf(step.user, step.nth), Date.now())).kind;
      case "cancelBundle":
        return (await orders.cancel(bundleOf(step.user, step.nth))).kind;
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

  #reserve(user: number, nth: number): Promise<unknown> {
    return this.#ask({ user, productId: this.#product.id, reservationId: idOf(user, nth) });
  }

  async #ask(asked: Asked): Promise<ReserveOutcome | readonly unknown[]> {
    const { user, ...ids } = asked;
    const request: ReservationRequest = { saleId: this.#sale.id, userId: `user-${user}`, ...ids };
    const outcome = await this.#gate.reserve(request, { minEpoch: 1 });
    if (outcome.kind === "accepted")
      return [outcome.kind, outcome.reservation.reservationId, outcome.reservation.epoch];
    return outcome;
  }

  /** As the gateway asks for a bundle, with a relay and a consumer that are quick. Gives every answer, and the outcome. */
  async #bundle(user: number, nth: number): Promise<unknown> {
    const id = bundleOf(user, nth);
    const answers: unknown[] = [];
    const parts = this.#products.length;
    for (const [index, { id: productId }] of this.#products.entries()) {
      const reservationId = partId(id, index + 1, parts);
      const answer = await this.#ask({ user, productId, reservationId });
      answers.push(answer);
      await this.#carry();
      const isTaken = Array.isArray(answer) || isReplayOf(answer, reservationId);
      // The gates repeat their answers for ever, also after the ledger gave the units back.
      if (index === 0 && (await this.#ledger.bundles.read(id))?.state === "broken") return [...answers, "broken"];
      if (isTaken) continue;
      if (index === 0) return answers;
      const bundle = { bundleId: id, saleId: this.#sale.id, userId: `user-${user}`, parts };
      return [...answers, await this.#ledger.bundles.giveUp(bundle, "sold_out")];
    }
    return [...answers, (await this.#ledger.bundles.read(id))?.state];
  }

  #changeOf(step: ChangingStep): SaleChange {
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
    await this.#carry();
    const { orders, bundles, returns } = this.#ledger;
    const sweeper = startSweeper({ orders, bundles, returns, gate: this.#gate, intervalMs: far });
    await sweeper.sweep();
    await sweeper.stop();
  }

  async #carry(): Promise<void> {
    for (const product of this.#products) {
      for (;;) {
        const entries = await this.#gate.readOutbox(product, "relay", 1_000);
        if (entries.length === 0) break;
        await this.#ledger.orders.record(
          entries.map(({ reservation }) => reservation),
          { payWithinMs },
        );
        await this.#gate.acknowledgeOutbox(
          product,
          entries.map(({ entryId }) => entryId),
        );
      }
    }
  }
}

interface Asked {
  readonly user: number;
  readonly productId: string;
  readonly reservationId: string;
}

type ChangingStep = Extract<
  Step,
  { do: "restock" | "raiseLimit" | "pause" | "resume" | "pauseSale" | "resumeSale" | "end" | "cancelSale" }
>;

function isReplayOf(answer: ReserveOutcome | readonly unknown[], reservationId: string): boolean {
  return "kind" in answer && answer.kind === "replay" && answer.reservationId === reservationId;
}

export function idOf(user: number, nth: number): string {
  return `reservation-${user}-${nth}`;
}

function bundleOf(user: number, nth: number): string {
  return bundleId(`${user}-${nth}`);
}

/** The reservations of a bundle's parts. */
export function partsOf(user: number, nth: number): string[] {
  return partIds({ bundleId: bundleOf(user, nth), parts: 2 });
}
