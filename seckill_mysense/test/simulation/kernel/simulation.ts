import { type Actor, type Call, OutcomeUnknown, type Steps } from "./actor.ts";
import { buyer, type Intention } from "./buyer.ts";
import { bundleBuyer } from "./bundle-buyer.ts";
import type { Flaw } from "./flaws.ts";
import { Gateway } from "./gateway.ts";
import { checkAlways, checkAtRest } from "./invariants.ts";
import { keeper } from "./keeper.ts";
import { Shop } from "./shop.ts";
import type { ProductState } from "./simulated-gate.ts";
import { consumer, payments, relay, sweeper } from "./workers.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** About waiting lists: many buyers who wait, and time for it. */
  readonly crowded?: boolean;
  /** About bundles: most buyers want several products, all or none. */
  readonly bundled?: boolean;
  readonly flaw?: Flaw | undefined;
  /** Called with each step, in words. */
  readonly onStep?: (step: string) => void;
}

/** Steps with faults, and the most steps that the sale may then need to come to rest. */
const faultySteps = 250;
const crowdedSteps = 1_000;
const bundledSteps = 700;
const healingSteps = 12_000;
/** How often a further buyer comes for what is left. A unit may come back several times, when a payment is late. */
const demandRounds = 20;

interface Running {
  readonly actor: Actor;
  steps: Steps;
  /** The call that the actor waits for. */
  waitsFor: Call;
  /** While others go on, in steps. */
  isFrozenFor: number;
}

/** Runs one schedule. Returns what was violated, in words: nothing when all is well. */
export function simulate(options: SimulationOptions): readonly string[] {
  const run = new Schedule(options);
  run.withFaults();
  if (run.shop.problems.length === 0) run.heal();
  return run.shop.problems;
}

const intentions: readonly Intention[] = [
  "keep",
  "pay",
  "pay",
  "pay twice",
  "cancel",
  "cancel and ask again",
  "pay and cancel",
];

/** So that units come back, and those who wait get offers while there are faults. */
const crowdedIntentions: readonly Intention[] = ["cancel", "cancel", "cancel and ask again", "keep", "pay"];

class Schedule {
  readonly shop: Shop;
  readonly #onStep: ((step: string) => void) | undefined;
  readonly #gateways: readonly Gateway[];
  readonly #running: Running[] = [];
  #snapshots: Map<string, ProductState>[] = [];
  #buyersLeft = 0;
  /** How ready this schedule is to do harm. */
  readonly #faultRate: number;
  readonly #losesData: boolean;
  readonly #isCrowded: boolean;
  readonly #isBundled: boolean;
  /** How many of those who come too late wait. */
  readonly #waitRate: number;

  constructor({ seed, flaw, crowded = false, bundled = false, onStep }: SimulationOptions) {
    this.shop = new Shop({ seed, flaw, bundled });
    this.#onStep = onStep;
    const { chance } = this.shop;
    this.#faultRate = chance.pick([0, 0.03, 0.08, 0.15]);
    // Where data is lost, the order of offers cannot be checked.
    this.#losesData = chance.happens(crowded ? 0.2 : 0.6);
    this.#gateways = [new Gateway(this.shop), new Gateway(this.shop)];
    const workers = [relay(this.shop, "relay 1"), relay(this.shop, "relay 2")];
    workers.push(consumer(this.shop, "consumer 1"), consumer(this.shop, "consumer 2"));
    workers.push(sweeper(this.shop, "sweeper 1"), sweeper(this.shop, "sweeper 2"));
    workers.push(keeper(this.shop, "keeper 1"), keeper(this.shop, "keeper 2"), payments(this.shop, "payments"));
    for (const actor of workers) this.#begin(actor);
    this.#isCrowded = crowded;
    this.#isBundled = bundled;
    this.#waitRate = crowded ? chance.pick([0.3, 0.9]) : 0;
    const mostBuyers = (): number => (crowded ? chance.between(3, 8) : chance.between(2, 6));
    for (let user = 1; user <= mostBuyers(); user++) this.#addBuyer(`u${user}`, this.#intention());
  }

  #intention(): Intention {
    return this.shop.chance.pick(this.#isCrowded ? crowdedIntentions : intentions);
  }

  withFaults(): void {
    const { chance } = this.shop;
    const steps = this.#isCrowded ? crowdedSteps : this.#isBundled ? bundledSteps : faultySteps;
    for (let step = 0; step < steps && this.shop.problems.length === 0; step++) {
      if (chance.happens(this.#faultRate)) this.#doHarm();
      if (chance.happens(0.02)) this.#addBuyer(`u${chance.between(1, 6)}`, this.#intention());
      if (chance.happens(0.1)) this.#snapshots.push(this.shop.gate.snapshot());
      const running = chance.pick(this.#running);
      if (running.isFrozenFor > 0) running.isFrozenFor--;
      else this.#step(running, this.#isCrowded ? this.#faultRate * 2 : this.#faultRate / 2);
    }
  }

  /** Without further faults the sale has to come to rest, and to sell every unit while there are buyers. */
  heal(): void {
    const { shop } = this;
    shop.isHealed = true;
    this.#note("no further faults");
    let rounds = 0;
    while (this.#comeToRest()) {
      const left = shop.productIds.filter((id) => shop.gate.status(id)?.available !== 0);
      if (left.length === 0 || rounds++ === demandRounds) return checkAtRest(shop);
      for (const productId of left) this.#addBuyer(shop.newName("late"), "pay", productId);
    }
  }

  #comeToRest(): boolean {
    const { shop } = this;
    for (let step = 0; step < healingSteps; step++) {
      if (step % 50 === 0 && this.#isAtRest()) return true;
      if (shop.problems.length > 0) return false;
      this.#step(shop.chance.pick(this.#running), 0);
    }
    shop.fail(`the sale does not come to rest: ${this.#describeUnrest()}`);
    return false;
  }

  #isAtRest(): boolean {
    return this.#describeUnrest() === "";
  }

  #describeUnrest(): string {
    const { ledger, gate, queue, provider, productIds } = this.shop;
    const unrest: string[] = [];
    if (this.#buyersLeft > 0) {
      const waiting = this.#running.filter(({ actor }) => !actor.canBeKilled).map(({ actor }) => actor.name);
      unrest.push(`${waiting.join(", ")} wait`);
    }
    if (queue.ready.length + queue.unacknowledged > 0) unrest.push("messages are in the queue");
    if (ledger.bundles.held().length > 0) unrest.push("broken bundles hold units");
    const collecting = [...ledger.bundles.rows.values()].filter(({ state }) => state === "collecting");
    if (collecting.length > 0) unrest.push(`${collecting.length} bundles wait for a part`);
    if (ledger.pendingReturns().length > 0) unrest.push("returns are pending");
    if ([...ledger.orders.values()].some(({ state }) => state === "reserved")) unrest.push("orders are unpaid");
    if (provider.reports.length + ledger.refundsToSend().length > 0) unrest.push("payments are open");
    for (const id of productIds) {
      const status = gate.status(id);
      const { epoch, waitingSince } = ledger.product(id);
      const isSelling = status?.open === true && status.isVerified && status.epoch === epoch;
      const waiting = ledger.lists.waiting(id).length;
      if (waiting > 0 && (status?.available ?? 0) > 0) unrest.push(`${waiting} wait, and a unit of ${id} is free`);
      if ((waitingSince !== undefined) !== waiting > 0) unrest.push(`${waiting} wait, list since ${waitingSince}`);
      if (status?.waiting !== waiting > 0) unrest.push(`${waiting} wait for ${id}, and the gate says otherwise`);
      if (!isSelling || status.outboxLength > 0) unrest.push(`${id} is ${JSON.stringify(status)}, epoch ${epoch}`);
    }
    return unrest.join("; ");
  }

  #addBuyer(userId: string, intention: Intention, unsold?: string): void {
    const { shop } = this;
    this.#buyersLeft++;
    if (this.#isBundled && unsold === undefined && shop.chance.happens(0.8)) {
      this.#addBundleBuyer(userId, intention);
      return;
    }
    // Late buyers come to see whether everything is sold, and go when it is.
    const waits = unsold === undefined && this.#isCrowded && shop.chance.happens(this.#waitRate);
    const options = { shop, userId, intention, waits, reservationId: shop.newName("r") };
    const gateway = shop.chance.pick(this.#gateways);
    const onEnd = (): void => void this.#buyersLeft--;
    const productId = unsold ?? shop.chance.pick(shop.productIds);
    const quantity = unsold === undefined ? shop.chance.between(1, shop.ledger.product(productId).limitPerUser) : 1;
    this.#begin(buyer({ ...options, gateway, productId, quantity, onEnd }));
  }

  #addBundleBuyer(userId: string, intention: Intention): void {
    const { shop } = this;
    const [first, ...others] = shop.productIds;
    // Two products, or all.
    const productIds = shop.chance.happens(0.5) ? shop.productIds : [first!, shop.chance.pick(others)];
    const gateway = shop.chance.pick(this.#gateways);
    const onEnd = (): void => void this.#buyersLeft--;
    const bundleId = shop.newName("bundle-");
    const options = { shop, userId, bundleId, productIds, onEnd };
    this.#begin(bundleBuyer({ ...options, gateway, intention }));
    if (!shop.chance.happens(0.4)) return;
    // The same token in a second window.
    this.#buyersLeft++;
    const rests = shop.chance.between(0, 30);
    this.#begin(bundleBuyer({ ...options, gateway: shop.chance.pick(this.#gateways), intention: "keep", rests }));
  }

  #begin(actor: Actor): void {
    const steps = actor.start();
    const first = steps.next();
    if (first.done !== true) this.#running.push({ actor, steps, waitsFor: first.value, isFrozenFor: 0 });
  }

  #step(running: Running, lossRate: number): void {
    const { shop } = this;
    shop.nowMs += shop.chance.between(1, 20);
    const { to, what, run } = running.waitsFor;
    const isLost = to !== "nobody" && shop.chance.happens(lossRate);
    const isCarriedOut = !isLost || shop.chance.happens(0.5);
    const result = isCarriedOut ? run() : undefined;
    if (to !== "nobody") this.#note(isLost ? `${what} (${isCarriedOut ? "answer" : "request"} lost)` : what);
    checkAlways(shop);
    const next = isLost ? this.#throwInto(running) : running.steps.next(result);
    if (next.done === true) this.#end(running);
    else running.waitsFor = next.value;
  }

  #throwInto(running: Running): IteratorResult<Call, void> {
    try {
      return running.steps.throw(new OutcomeUnknown());
    } catch (error) {
      // An actor that does not expect the error ends with it, as a process does.
      if (!(error instanceof OutcomeUnknown)) throw error;
      running.steps = running.actor.start();
      running.actor.onKill?.();
      return running.steps.next();
    }
  }

  #end(running: Running): void {
    this.#running.splice(this.#running.indexOf(running), 1);
  }

  #doHarm(): void {
    const { shop } = this;
    const { chance, gate, queue } = shop;
    const harm = chance.below(this.#losesData ? 11 : 8);
    if (harm <= 1) this.#kill();
    else if (harm === 6) this.#freeze();
    else if (harm === 7) this.#stopConsumers();
    else if (harm === 2) {
      this.#note("a gateway is killed");
      chance.pick(this.#gateways).forget();
    } else if (harm === 3) {
      this.#note("a message comes twice, and the queue is shuffled");
      if (queue.ready.length > 0) queue.ready.push({ ...chance.pick(queue.ready) });
      queue.ready = queue.ready.sort(() => chance.next() - 0.5);
    } else if (harm === 4) {
      this.#note("the gate's server restarts with all its data");
      gate.restart(gate.snapshot());
    } else if (harm === 5) {
      this.#note("time passes");
      shop.nowMs += chance.between(500, 4_000);
    } else this.#loseData();
  }

  #kill(): void {
    const victims = this.#running.filter(({ actor }) => actor.canBeKilled);
    // The sweepers make the offers, and open and close what a crash must not leave half open.
    const sweepers = victims.filter(({ actor }) => actor.name.startsWith("sweeper"));
    const victim = this.shop.chance.pick(this.#isCrowded && this.shop.chance.happens(0.5) ? sweepers : victims);
    this.#note(`${victim.actor.name} is killed`);
    this.#restart(victim);
  }

  #restart(running: Running): void {
    running.actor.onKill?.();
    running.steps = running.actor.start();
    const first = running.steps.next();
    if (first.done !== true) running.waitsFor = first.value;
  }

  /** Like a kill, but nothing is lost: the process goes on later, where it stood. */
  #freeze(): void {
    const { actor } = this.shop.chance.pick(this.#running);
    this.#note(`${actor.name} is frozen`);
    for (const running of this.#running)
      if (running.actor === actor) running.isFrozenFor = this.shop.chance.between(2, 15);
  }

  /** What a consumer holds goes back to the queue when it stops. */
  #stopConsumers(): void {
    this.#note("the consumers are stopped and started");
    for (const running of this.#running) if (running.actor.name.startsWith("consumer")) this.#restart(running);
  }

  #loseData(): void {
    const { chance, gate } = this.shop;
    this.shop.mayLoseReservations = true;
    if (chance.happens(0.3)) {
      this.#note("the gate loses everything");
      if (chance.happens(0.5)) gate.restart(new Map());
      else gate.products = new Map();
      return;
    }
    const older =
      this.#snapshots.length === 0
        ? new Map<string, ProductState>()
        : chance.pick(this.#snapshots.slice(-chance.pick([2, 100])));
    this.#note("the gate's server comes back with older data");
    gate.restart(older);
    // The snapshot now is live data.
    this.#snapshots = this.#snapshots.filter((snapshot) => snapshot !== older);
  }

  #note(step: string): void {
    this.#onStep?.(`${String(this.shop.nowMs).padStart(6)} ms  ${step}`);
  }
}
