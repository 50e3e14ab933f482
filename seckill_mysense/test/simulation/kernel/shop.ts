import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { checkTurn } from "./check-turn.ts";
import type { Flaw } from "./flaws.ts";
import { SimulatedGate } from "./simulated-gate.ts";
import { SimulatedLedger } from "./simulated-ledger.ts";
import { SimulatedQueue } from "./simulated-queue.ts";

/** What a buyer heard about one reservation, in the order of hearing. */
export type Told = "accepted" | "won" | "rejected" | "lost";

/** All parts of one simulated sale, and what is known about its history. */
export class Shop {
  readonly chance: SeededRandom;
  readonly flaw: Flaw | undefined;
  readonly gate: SimulatedGate;
  readonly ledger: SimulatedLedger;
  readonly queue: SimulatedQueue;
  readonly provider = new SimulatedProvider();
  readonly productIds: readonly string[];
  readonly startsAtMs: number;
  nowMs = 0;
  /** The gate has lost data, or an operator forced a repair: accepted reservations may be lost, and only then. */
  mayLoseReservations = false;
  /** The reservation ids of all tokens. */
  readonly tokens = new Set<string>();
  /** No further faults: everything has to come to rest. */
  isHealed = false;
  readonly told = new Map<string, Told[]>();
  /** What the buyer of each bundle heard in the end, in each of its windows. */
  readonly bundlesTold = new Map<string, Set<"won" | "rejected">>();
  /** Reservations that a buyer was told are lost, with the number of their acceptances by then. */
  readonly lostAfter = new Map<string, number>();
  /** Places that somebody gave up before an offer. */
  readonly leftPlaces = new Set<number>();
  /** Places that the present round of offers has passed over, since their users held enough. For the checks. */
  passedOver: ReadonlySet<number> = new Set();
  readonly problems: string[] = [];
  #names = 0;

  constructor({ seed, flaw, bundled = false }: { seed: number; flaw?: Flaw | undefined; bundled?: boolean }) {
    this.chance = new SeededRandom(seed);
    this.flaw = flaw;
    this.startsAtMs = this.chance.pick([0, 0, 500]);
    const surroundings = { now: () => this.nowMs, has: (flaw: Flaw) => this.has(flaw), startsAtMs: this.startsAtMs };
    this.gate = new SimulatedGate({ ...surroundings, onAccept: (message) => checkTurn(this, message) });
    this.ledger = new SimulatedLedger({ ...surroundings, newOffer: () => this.newOffer() });
    this.queue = new SimulatedQueue(surroundings);
    const few = [["p1"], ["p1", "p2"]];
    this.productIds = this.chance.pick(
      bundled
        ? [
            ["p1", "p2"],
            ["p1", "p2", "p3"],
          ]
        : few,
    );
    for (const id of this.productIds) {
      const [total, limitPerUser] = [this.chance.between(1, 4), this.chance.pick([1, 1, 2, 3])];
      this.ledger.products.set(id, {
        ...{ id, total, limitPerUser, reserved: 0, sold: 0, epoch: 1, armedEpoch: 0, mark: 0, version: 1 },
      });
    }
  }

  has(flaw: Flaw): boolean {
    return this.flaw === flaw;
  }

  /** A name that no other has. */
  newName(kind: string): string {
    return `${kind}${++this.#names}`;
  }

  newOffer(): string {
    const reservationId = this.newName("offer");
    this.tokens.add(reservationId);
    return reservationId;
  }

  tell(reservationId: string, what: Told): void {
    const heard = this.told.get(reservationId);
    if (heard === undefined) this.told.set(reservationId, [what]);
    else if (!heard.includes(what)) heard.push(what);
  }

  fail(problem: string): void {
    if (this.problems.length < 20) this.problems.push(problem);
  }
}

interface Charge {
  readonly paymentId: string;
  readonly reservationId: string;
}

/** A payment provider. It takes money at once, reports it at any time and any number of times, and repays by a key. */
export class SimulatedProvider {
  readonly charges: Charge[] = [];
  /** Reports that may be delivered, once or more. */
  reports: Charge[] = [];
  /** Key of a refund to the payment. */
  readonly refunds = new Map<string, string>();

  charge(paymentId: string, reservationId: string): void {
    if (this.charges.some((charge) => charge.paymentId === paymentId)) return;
    this.charges.push({ paymentId, reservationId });
    this.reports.push({ paymentId, reservationId });
  }

  refund(key: string, paymentId: string): void {
    this.refunds.set(key, paymentId);
  }
}
