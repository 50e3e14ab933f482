import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { BucketEmptiness } from "./bucket-emptiness.ts";
import { checkTurn } from "./check-turn.ts";
import type { Flaw } from "./flaws.ts";
import { type Message, SimulatedGate } from "./simulated-gate.ts";
import { SimulatedHeartbeats } from "./simulated-heartbeats.ts";
import { SimulatedLedger } from "./simulated-ledger.ts";
import { SimulatedQueue } from "./simulated-queue.ts";

/** What a buyer heard about one reservation, in the order of hearing. */
export type Told = "accepted" | "won" | "rejected" | "lost";

interface ShopOptions {
  readonly seed: number;
  readonly flaw?: Flaw | undefined;
  readonly bundled?: boolean;
  readonly changing?: boolean;
  readonly crowded?: boolean;
  readonly draining?: boolean;
}

/** All parts of one simulated sale, and what is known about its history. */
export class Shop {
  readonly chance: SeededRandom;
  readonly flaw: Flaw | undefined;
  readonly gate: SimulatedGate;
  readonly ledger: SimulatedLedger;
  readonly queue: SimulatedQueue;
  readonly heartbeats: SimulatedHeartbeats;
  /** The process of each consumer, and how it says that it lives. */
  readonly consumers = new Map<string, { readonly instance: string; readonly beat: () => void }>();
  readonly provider = new SimulatedProvider();
  readonly productIds: readonly string[];
  readonly startsAtMs: number;
  /** Of all products, before the merchant changed any. */
  readonly unitsInAll: number;
  nowMs = 0;
  /** The gate has lost data, or an operator forced a repair: accepted reservations may be lost, and only then. */
  mayLoseReservations = false;
  /** Products whose outbox was lost while relays may have had entries of it in their hands. */
  readonly outboxesLost = new Set<string>();
  /** How often the gate has lost data. */
  losses = 0;
  /** How often the messages in the queue were put into another order. */
  shuffles = 0;
  /** How often a repair of the queue alone has passed its watermark. */
  watermarks = 0;
  /** So that messages wait, and nobody forces a repair. */
  readonly areConsumersSlow: boolean;
  /** Products that nobody may buy, as a merchant was told, and has not changed since. */
  readonly paused = new Set<string>();
  readonly ended = new Set<string>();
  /** Defined where the products are buckets of one. */
  readonly emptiness: BucketEmptiness | undefined;
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

  constructor(options: ShopOptions) {
    const { seed, flaw, crowded = false, bundled = false, changing = false, draining = false } = options;
    this.chance = new SeededRandom(seed);
    this.flaw = flaw;
    this.areConsumersSlow = draining || (!crowded && !bundled && !changing && this.chance.happens(0.35));
    this.startsAtMs = this.chance.pick([0, 0, 500]);
    const surroundings = { now: () => this.nowMs, has: (flaw: Flaw) => this.has(flaw), startsAtMs: this.startsAtMs };
    this.gate = new SimulatedGate({ ...surroundings, onAccept: (message) => this.#checkAcceptance(message) });
    this.ledger = new SimulatedLedger({ ...surroundings, newOffer: () => this.newOffer() });
    this.queue = new SimulatedQueue(surroundings);
    this.heartbeats = new SimulatedHeartbeats(surroundings);
    const few = [["p1"], ["p1", "p2"]];
    const several = [
      ["p1", "p2"],
      ["p1", "p2", "p3"],
    ];
    const isHot = changing && this.chance.happens(0.6);
    this.productIds = this.chance.pick(bundled || isHot ? several : few);
    if (isHot) this.emptiness = new BucketEmptiness(this);
    let unitsInAll = 0;
    for (const id of this.productIds) {
      const [total, limitPerUser] = [this.chance.between(1, 4), this.chance.pick([1, 1, 2, 3])];
      this.ledger.products.set(id, {
        ...{ id, total, limitPerUser, reserved: 0, sold: 0, epoch: 1, armedEpoch: 0, mark: 0, version: 1 },
        ...{ paused: false, endsAtMs: Number.POSITIVE_INFINITY },
      });
      unitsInAll += total;
    }
    this.unitsInAll = unitsInAll;
  }

  #checkAcceptance(message: Omit<Message, "epoch" | "sequence">): void {
    checkTurn(this, message);
    const { productId, userId } = message;
    if (this.paused.has(productId)) this.fail(`I13: ${userId} got a unit of ${productId}, which is paused`);
    if (this.ended.has(productId)) this.fail(`I13: ${userId} got a unit of ${productId}, which has ended`);
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

  shuffleQueue(): void {
    this.queue.ready = this.chance.shuffled(this.queue.ready);
    this.shuffles++;
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
