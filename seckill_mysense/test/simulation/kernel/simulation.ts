import { type Actor, type Call, OutcomeUnknown, type Steps } from "./actor.ts";
import { buyer, type Intention } from "./buyer.ts";
import { bundleBuyer } from "./bundle-buyer.ts";
import { consumer } from "./consumer.ts";
import { fallBackUnseen } from "./fall-back.ts";
import type { Flaw } from "./flaws.ts";
import { Gateway } from "./gateway.ts";
import { checkAlways, checkAtRest } from "./invariants.ts";
import { keeper } from "./keeper.ts";
import { merchant } from "./merchant.ts";
import { queueWatcher } from "./queue-watcher.ts";
import { Shop } from "./shop.ts";
import type { ProductState } from "./simulated-gate.ts";
import { watcher } from "./watcher.ts";
import { payments, relay, sweeper } from "./workers.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** About waiting lists: many buyers who wait, and time for it. */
  readonly crowded?: boolean;
  /** About bundles: most buyers want several products, all or none. */
  readonly bundled?: boolean;
  /** About changes: a merchant changes units, pause, end and limit; and most products are buckets of one. */
  readonly changing?: boolean;
  /** About the queue alone: a repair waits for its messages while consumers come and go. */
  readonly draining?: boolean;
  readonly flaw?: Flaw | undefined;
  /** Called with each step, in words. */
  readonly onStep?: (step: string) => void;
}

/** Steps with faults, and the most steps that the sale may then need to come to rest. */
const faultySteps = 250;
const crowdedSteps = 1_000;
const bundledSteps = 700;
const changingSteps = 500;
const drainingSteps = 600;
const healingSteps = 25_000;
/** The most steps in which a repair must pass its watermark although a consumer crashes again and again. */
const crashingSteps = 10_000;
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
  if (run.shop.problems.length > 0) return run.shop.problems;
  // The queue alone has no end to come to.
  if (options.draining === true) run.drainWhileOneCrashes();
  else run.heal();
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
  readonly #isChanging: boolean;
  readonly #isDraining: boolean;
  /** How often a further buyer comes, for each step. */
  readonly #buyerRate: number;
  /** How many of those who come too late wait. */
  readonly #waitRate: number;

  constructor(options: SimulationOptions) {
    const { crowded = false, bundled = false, changing = false, draining = false, onStep } = options;
    this.shop = new Shop(options);
    this.#onStep = onStep;
    const { chance } = this.shop;
    this.#faultRate = chance.pick([0, 0.03, 0.08, 0.15]);
    // Where data is lost, the order of offers cannot be checked.
    this.#losesData = chance.happens(crowded ? 0.2 : 0.6);
    this.#gateways = [new Gateway(this.shop), new Gateway(this.shop)];
    for (const actor of this.#workers(options)) this.#begin(actor);
    this.#isCrowded = crowded;
    this.#isBundled = bundled;
    this.#isChanging = changing;
    this.#isDraining = draining;
    this.#buyerRate = draining ? 0 : this.shop.areConsumersSlow ? 0.04 : 0.02;
    this.#waitRate = crowded ? chance.pick([0.3, 0.9]) : 0;
    if (draining) return;
    const mostBuyers = (): number => (crowded ? chance.between(3, 8) : chance.between(2, 6));
    for (let user = 1; user <= mostBuyers(); user++) this.#addBuyer(`u${user}`, this.#intention());
  }

  #workers({ changing = false, draining = false }: SimulationOptions): Actor[] {
    const { shop } = this;
    const consumers = [consumer(shop, "consumer 1"), consumer(shop, "consumer 2")];
    if (draining) return [...consumers, queueWatcher(shop, "watcher")];
    const relays = [relay(shop, "relay 1"), relay(shop, "relay 2")];
    const workers = [...relays, ...consumers, sweeper(shop, "sweeper 1"), sweeper(shop, "sweeper 2")];
    for (const [index, gateway] of this.#gateways.entries()) {
      workers.push(keeper(shop, `keeper ${index + 1}`, gateway));
      if (changing) workers.push(watcher(shop, `watcher ${index + 1}`, gateway));
    }
    workers.push(payments(shop, "payments"));
    return changing ? [...workers, merchant(shop, "merchant")] : workers;
  }

  #intention(): Intention {
    return this.shop.chance.pick(this.#isCrowded ? crowdedIntentions : intentions);
  }

  withFaults(): void {
    const { chance } = this.shop;
    const steps = this.#faultySteps();
    for (let step = 0; step < steps && this.shop.problems.length === 0; step++) {
      if (chance.happens(this.#faultRate)) this.#doHarm();
      if (chance.happens(this.#buyerRate)) this.#addBuyer(`u${chance.between(1, 6)}`, this.#intention());
      if (chance.happens(0.1)) this.#snapshots.push(this.shop.gate.snapshot());
      const running = chance.pick(this.#running);
      if (running.isFrozenFor > 0) running.isFrozenFor--;
      else this.#step(running, this.#isCrowded ? this.#faultRate * 2 : this.#faultRate / 2);
    }
  }

  #faultySteps(): number {
    if (this.#isCrowded) return crowdedSteps;
    if (this.#isBundled) return bundledSteps;
    if (this.#isDraining) return drainingSteps;
    return this.#isChanging ? changingSteps : faultySteps;
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

  /** One consumer never lives for long. A repair must not wait for ever all the same. */
  drainWhileOneCrashes(): void {
    const { shop } = this;
    shop.isHealed = true;
    const everyMs = shop.chance.between(250, 1_400);
    this.#note(`no further faults, but consumer 2 is killed every ${everyMs} ms`);
    const victim = this.#running.find(({ actor }) => actor.name === "consumer 2")!;
    const enough = shop.watermarks + 2;
    let killAtMs = 0;
    for (let step = 0; step < crashingSteps && shop.watermarks < enough; step++) {
      if (shop.problems.length > 0) return;
      if (shop.nowMs >= killAtMs) {
        killAtMs = shop.nowMs + everyMs;
        this.#restart(victim);
      }
      this.#step(shop.chance.pick(this.#running), 0);
    }
    if (shop.watermarks < enough) shop.fail(`a consumer that crashes every ${everyMs} ms keeps the repair waiting`);
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
      const { epoch, waitingSince, owed, lowering, paused, endsAtMs } = ledger.read(id);
      if (paused || endsAtMs < Number.POSITIVE_INFINITY) unrest.push(`${id} is paused or has ended`);
      const isSelling = status?.open === true && status.isVerified && status.epoch === epoch;
      const waiting = ledger.lists.waiting(id).length;
      if (waiting > 0 && (status?.available ?? 0) > 0) unrest.push(`${waiting} wait, and a unit of ${id} is free`);
      if ((waitingSince !== undefined) !== waiting > 0) unrest.push(`${waiting} wait, list since ${waitingSince}`);
      if (status?.waiting !== waiting > 0) unrest.push(`${waiting} wait for ${id}, and the gate says otherwise`);
      if (status?.available !== owed) unrest.push(`the gate of ${id} has ${status?.available} units, and owes ${owed}`);
      if (lowering !== undefined) unrest.push(`fewer units of ${id} are asked for`);
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
    const productId = unsold ?? this.#productFor(userId);
    const quantity = unsold === undefined ? shop.chance.between(1, shop.ledger.product(productId).limitPerUser) : 1;
    this.#begin(buyer({ ...options, gateway, productId, quantity, onEnd }));
  }

  /** A user always buys from the same bucket. */
  #productFor(userId: string): string {
    const { chance, productIds, emptiness } = this.shop;
    if (emptiness === undefined) return chance.pick(productIds);
    return productIds[Number(userId.slice(1)) % productIds.length]!;
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
    shop.emptiness?.note();
    // Nobody else changes the rows of the ledger.
    if (to === "ledger" && isCarriedOut) checkAlways(shop);
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
    if (this.shop.areConsumersSlow && chance.happens(0.5)) return this.#disturbConsumers();
    const harm = chance.below(this.#losesData ? 12 : 9);
    if (harm <= 1) this.#kill();
    else if (harm === 6) this.#freeze();
    else if (harm === 7) this.#stopConsumers();
    else if (harm === 8) this.#cutConsumer();
    else if (harm === 2) {
      this.#note("a gateway is killed");
      chance.pick(this.#gateways).forget();
    } else if (harm === 3) {
      this.#note("a message comes twice");
      if (queue.ready.length > 0) queue.ready.push({ ...chance.pick(queue.ready), deliveries: 0 });
      // A watermark in the queue counts on its order, which a broker keeps.
      if (!shop.areConsumersSlow) shop.shuffleQueue();
    } else if (harm === 4) {
      this.#note("the gate's server restarts with all its data");
      gate.restart(gate.snapshot());
    } else if (harm === 5) {
      this.#note("time passes");
      const ms = chance.between(500, 4_000);
      shop.nowMs += ms;
      for (const { actor, isFrozenFor } of this.#running) if (isFrozenFor === 0) shop.consumers.get(actor.name)?.beat();
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

  #disturbConsumers(): void {
    const { chance, queue } = this.shop;
    if (chance.happens(0.45)) return this.#cutConsumer();
    if (chance.happens(0.3)) return this.#stopConsumers();
    const consumers = this.#running.filter(({ actor }) => actor.onStop !== undefined);
    const running = chance.pick(consumers);
    const { actor } = running;
    if (this.#isDraining && chance.happens(0.2)) {
      this.#note("the leader of the queue is out of reach");
      queue.leaderAwayUntilMs = this.shop.nowMs + chance.between(50, 2_000);
      return;
    }
    if (this.#isDraining && chance.happens(0.3)) {
      this.#note(`${actor.name} is frozen for long`);
      running.isFrozenFor = chance.between(30, 150);
      return;
    }
    this.#note(`${actor.name} is stopped and started`);
    actor.onStop!();
  }

  /** What a consumer holds goes back to the queue when it stops. */
  #stopConsumers(): void {
    this.#note("the consumers are stopped and started");
    for (const { actor } of this.#running) actor.onStop?.();
  }

  /** It goes on with what it holds, and the queue gives that to somebody else. One that is frozen does not come back. */
  #cutConsumer(): void {
    const { chance, queue, consumers } = this.shop;
    const name = chance.pick([...consumers.keys(), "nobody"]);
    this.#note(`the connection of ${name} ends`);
    const isFrozen = this.#running.some(({ actor, isFrozenFor }) => actor.name === name && isFrozenFor > 0);
    if (isFrozen) queue.leave(name);
    else queue.release(name);
  }

  #loseData(): void {
    const { chance, gate } = this.shop;
    this.shop.mayLoseReservations = true;
    this.shop.losses++;
    if (chance.happens(0.35)) return this.#loseOutbox();
    if (chance.happens(0.4)) {
      const productId = fallBackUnseen(this.shop, this.#snapshots);
      if (productId !== undefined)
        return this.#note(`${productId} is older at the gate, in the same run of its server`);
    }
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

  #loseOutbox(): void {
    const { chance, gate, productIds } = this.shop;
    const productId = chance.pick(productIds);
    this.#note(`the gate loses the outbox of ${productId}, and nothing else`);
    const state = gate.products.get(productId);
    if (state === undefined) return;
    if (state.outbox.some(({ taken }) => taken)) this.shop.outboxesLost.add(productId);
    state.outbox = [];
  }

  #note(step: string): void {
    this.#onStep?.(`${String(this.shop.nowMs).padStart(6)} ms  ${step}`);
  }
}
