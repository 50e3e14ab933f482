import type { Flaw } from "./flaws.ts";
import type { ProductRecord, ProductRow } from "./product-row.ts";
import { isOffer } from "./simulated-lists.ts";

/** An accepted reservation, on its way from the gate to the ledger. */
export interface Message {
  readonly reservationId: string;
  readonly productId: string;
  readonly userId: string;
  readonly quantity: number;
  readonly epoch: number;
  /** The product's sequence at the gate after this decision. */
  readonly sequence: number;
}

export interface Return {
  readonly reservationId: string;
  readonly productId: string;
  readonly userId: string;
  readonly quantity: number;
  readonly epoch: number;
}

export interface OutboxEntry {
  readonly number: number;
  readonly message: Message;
  taken: boolean;
}

/** The state of one product at the gate. It is plain data, so that a snapshot of it is a copy. */
export interface ProductState {
  epoch: number;
  open: boolean;
  /** Whether only offers take a unit. */
  waiting: boolean;
  paused: boolean;
  endsAtMs: number;
  /** The ledger's revision of these figures, and that of the latest lower total that took effect. */
  version: number;
  lowered: number;
  available: number;
  total: number;
  limitPerUser: number;
  /** Grows by one with each change of the units and of what users hold. */
  sequence: number;
  /** The run id of the server for which the product was compared with the ledger. */
  server: number;
  /** Who repairs the product now, and on which run of the server. */
  repair: { readonly token: string; readonly server: number; untilMs: number } | undefined;
  /** User id to the reservations that it holds, each as often as it has units. */
  holders: Map<string, string[]>;
  /** Released reservations, with the epoch of their return. */
  returned: Map<string, number>;
  outbox: OutboxEntry[];
}

export type Reserved =
  | { readonly kind: "accepted"; readonly message: Message }
  | { readonly kind: "replay"; readonly reservationId: string }
  /** Fewer units are left, or allowed, than were asked for. */
  | { readonly kind: "sold_out" | "over_limit"; readonly left: number }
  | { readonly kind: "closed" | "not_started" | "ended" | "paused" };

/** `not_available`: buyers have the units that were to leave. */
export type AmendOutcome = "amended" | "already" | "unknown" | "other_epoch" | "not_available" | "closed";

export interface Status {
  readonly epoch: number;
  readonly open: boolean;
  readonly waiting: boolean;
  readonly version: number;
  readonly available: number;
  readonly total: number;
  readonly sequence: number;
  readonly isVerified: boolean;
  readonly isBeingRepaired: boolean;
  readonly outboxLength: number;
}

export interface GateFigures {
  readonly epoch: number;
  readonly waiting: boolean;
  readonly paused: boolean;
  readonly endsAtMs: number;
  readonly version: number;
  readonly lowered: number;
  readonly available: number;
  readonly total: number;
  readonly limitPerUser: number;
  readonly sequence: number;
}

/** Longer than several steps of a keeper among many other actors: otherwise two keepers take a repair from each other for ever. */
export const repairLeaseMs = 6_000;

export interface GateSurroundings {
  /** Looks at each acceptance, for the checks. */
  onAccept?(request: Omit<Message, "epoch" | "sequence">): void;
  /** The clock of the gate's server. */
  now(): number;
  has(flaw: Flaw): boolean;
  readonly startsAtMs: number;
}

/** A Redis-compatible server with the scripts of the gate. Each method is one atomic script. */
export class SimulatedGate {
  runId = 1;
  products = new Map<string, ProductState>();
  /** How often each reservation was accepted, lost states of the gate included. For the checks, not for the scripts. */
  readonly acceptances = new Map<string, number>();
  readonly #world: GateSurroundings;
  #entries = 0;

  constructor(world: GateSurroundings) {
    this.#world = world;
  }

  /** The first arming, of a product that the gate does not know. */
  armFirst(productId: string, figures: GateFigures): void {
    if (this.products.has(productId)) return;
    const empty = { holders: new Map(), returned: new Map(), outbox: [], repair: undefined };
    this.products.set(productId, { ...figures, ...empty, open: true, server: this.runId });
  }

  reserve(
    request: Omit<Message, "epoch" | "sequence">,
    atLeast: { readonly epoch: number; readonly sequence: number },
  ): Reserved {
    const { productId, userId, reservationId, quantity } = request;
    const state = this.products.get(productId);
    if (state === undefined || !this.#isSelling(state)) return { kind: "closed" };
    if (state.epoch < atLeast.epoch) return { kind: "closed" };
    const comparesAll = this.#world.has("gateway compares sequences of different epochs");
    if ((state.epoch === atLeast.epoch || comparesAll) && state.sequence < atLeast.sequence) return { kind: "closed" };
    if (this.#world.now() < this.#world.startsAtMs) return { kind: "not_started" };
    const held = state.holders.get(userId) ?? [];
    const isRepeated = held.includes(reservationId) || state.returned.has(reservationId);
    if (isRepeated && !this.#world.has("a repeated reservation takes another unit")) {
      return { kind: "replay", reservationId };
    }
    if (state.endsAtMs <= this.#world.now()) return { kind: "ended" };
    if (state.paused) return { kind: "paused" };
    if (held.length >= state.limitPerUser && !this.#world.has("gate does not limit users")) {
      return { kind: "replay", reservationId: held.at(-1) as string };
    }
    const mayTake = state.limitPerUser - held.length;
    if (quantity > mayTake && !this.#ignoresLimit(held)) return { kind: "over_limit", left: mayTake };
    const isBehindOthers = state.waiting && !isOffer(reservationId);
    if (state.available < quantity) return { kind: "sold_out", left: isBehindOthers ? 0 : state.available };
    if (isBehindOthers && !this.#world.has("the gate ignores the waiting list")) return { kind: "sold_out", left: 0 };
    this.#world.onAccept?.(request);
    state.available -= quantity;
    state.sequence++;
    state.holders.set(userId, [...held, ...unitsHeld(request)]);
    this.acceptances.set(reservationId, (this.acceptances.get(reservationId) ?? 0) + 1);
    const message = { ...request, epoch: state.epoch, sequence: state.sequence };
    state.outbox.push({ number: ++this.#entries, message, taken: false });
    return { kind: "accepted", message };
  }

  /**
   * Brings a product to a newer revision of its row. Each revision takes effect at most once, and an older one never. A
   * lower total has a mark of its own: it may still be to come when later revisions have taken effect.
   */
  amend(row: ProductRow): AmendOutcome {
    const state = this.products.get(row.id);
    if (state === undefined) return "unknown";
    if (state.epoch !== row.epoch) return "other_epoch";
    if (!this.#isSelling(state)) return "closed";
    const isLate = this.#world.has("an older opening of a list reaches the gate late");
    const isNewer = state.version < row.version || isLate;
    const askedFor = row.lowering?.since ?? 0;
    const lowers = askedFor > state.lowered && !this.#world.has("a lower total has no mark of its own");
    if (!isNewer && !lowers) return "already";
    const added = (row.lowering?.total ?? row.total) - state.total;
    const isAvailable = state.available + added >= 0 || this.#world.has("the gate takes out what buyers have");
    if (!isAvailable && !(isNewer && lowers)) return "not_available";
    if (isAvailable) {
      state.lowered = askedFor > 0 ? Math.max(askedFor, state.lowered) : row.version;
      state.total += added;
      state.available += added;
    }
    if (isNewer) {
      const { limitPerUser, paused, endsAtMs, version, waitingSince } = row;
      Object.assign(state, { limitPerUser, paused, endsAtMs, version, waiting: waitingSince !== undefined });
    }
    return isAvailable ? "amended" : "not_available";
  }

  giveBack({ productId, userId, reservationId, quantity, epoch }: Return): "returned" | "ignored" | "not_yet" {
    const state = this.products.get(productId);
    const tooEarly = this.#world.has("gate ignores a return of an epoch it has not reached") ? "ignored" : "not_yet";
    if (state === undefined) return tooEarly;
    const isKnown = (state.returned.get(reservationId) ?? 0) >= epoch;
    if (isKnown && !this.#world.has("gate forgets which units came back")) return "ignored";
    if (state.epoch < epoch || !this.#isSelling(state)) return tooEarly;
    const held = (state.holders.get(userId) ?? []).filter((id) => id !== reservationId);
    if (held.length > 0) state.holders.set(userId, held);
    else state.holders.delete(userId);
    state.returned.set(reservationId, epoch);
    state.sequence++;
    if (state.epoch !== epoch && !this.#world.has("gate returns units of any epoch")) return "ignored";
    if (state.available >= state.total) return "ignored";
    const units = Math.min(quantity, state.total - state.available);
    state.available += this.#world.has("a return brings one unit of several") ? 1 : units;
    return "returned";
  }

  status(productId: string): Status | undefined {
    const state = this.products.get(productId);
    if (state === undefined) return undefined;
    const { epoch, open, waiting, version, available, total, sequence, server, repair, outbox } = state;
    const isBeingRepaired = repair !== undefined && repair.untilMs > this.#world.now();
    const isVerified = server === this.runId;
    const figures = { epoch, open, waiting, version, available, total, sequence };
    return { ...figures, isVerified, isBeingRepaired, outboxLength: outbox.length };
  }

  holds(productId: string, userId: string, reservationId: string): boolean {
    return this.products.get(productId)?.holders.get(userId)?.includes(reservationId) === true;
  }

  /** Closes the product for a repair. False while somebody else repairs it. */
  beginRepair(productId: string, token: string): boolean {
    const now = this.#world.now();
    const state: ProductState = this.products.get(productId) ?? {
      ...{
        waiting: false,
        paused: false,
        endsAtMs: 0,
        version: 0,
        lowered: 0,
        epoch: 0,
        open: false,
        available: 0,
        total: 0,
        limitPerUser: 1,
        sequence: 0,
        server: 0,
        repair: undefined,
      },
      ...{ holders: new Map(), returned: new Map(), outbox: [] },
    };
    this.products.set(productId, state);
    if (state.repair !== undefined && state.repair.token !== token && state.repair.untilMs > now) return false;
    state.open = false;
    state.repair = { token, server: this.runId, untilMs: now + repairLeaseMs };
    return true;
  }

  /** Clears what the product's users hold. It is filled again from the ledger. */
  clear(productId: string, token: string): boolean {
    const state = this.#repaired(productId, token);
    if (state === undefined) return false;
    state.holders = new Map();
    state.returned = new Map();
    return true;
  }

  fill(productId: string, token: string, active: readonly Return[], released: readonly Return[]): boolean {
    const state = this.#repaired(productId, token);
    if (state === undefined) return false;
    for (const order of active) {
      const held = state.holders.get(order.userId) ?? [];
      const units = this.#world.has("repair counts orders as one unit") ? [order.reservationId] : unitsHeld(order);
      if (!held.includes(order.reservationId)) state.holders.set(order.userId, [...held, ...units]);
    }
    for (const { reservationId, epoch } of released) state.returned.set(reservationId, epoch);
    return true;
  }

  /** Opens the product with the figures of the ledger. */
  finishRepair(productId: string, token: string, figures: GateFigures): boolean {
    const state = this.#repaired(productId, token);
    if (state === undefined) return false;
    const sequence = Math.max(figures.sequence, state.sequence) + 1;
    Object.assign(state, { ...figures, sequence, open: true, server: this.runId, repair: undefined });
    return true;
  }

  readOutbox(productId: string, limit: number): OutboxEntry[] {
    return this.#take(productId, limit, (entry) => !entry.taken);
  }

  claimOutbox(productId: string, limit: number): OutboxEntry[] {
    return this.#take(productId, limit, (entry) => entry.taken);
  }

  hasEntry(productId: string, number: number): boolean {
    return this.products.get(productId)?.outbox.some((entry) => entry.number === number) === true;
  }

  acknowledgeOutbox(productId: string, numbers: readonly number[]): void {
    const state = this.products.get(productId);
    if (state !== undefined) state.outbox = state.outbox.filter(({ number }) => !numbers.includes(number));
  }

  /** A copy of the server's data: what a snapshot, or a replica that lags, holds. */
  snapshot(): Map<string, ProductState> {
    return new Map([...this.products].map(([id, state]) => [id, copyOf(state)]));
  }

  /** The server comes back, with its data or with older data. */
  restart(data: Map<string, ProductState>): void {
    this.runId++;
    this.products = data;
  }

  #ignoresLimit(held: readonly string[]): boolean {
    if (this.#world.has("gate does not limit users")) return true;
    // Below the limit already, and only by the number of requests.
    return held.length > 0 && this.#world.has("gate counts requests against the limit");
  }

  #isSelling(state: ProductState): boolean {
    const isKnown = state.server === this.runId || this.#world.has("gate sells without comparing the server");
    return state.open && isKnown;
  }

  #repaired(productId: string, token: string): ProductState | undefined {
    const state = this.products.get(productId);
    if (state?.repair === undefined) return undefined;
    const { repair } = state;
    if (repair.token !== token && !this.#world.has("repair does not compare its token")) return undefined;
    if (repair.server !== this.runId && !this.#world.has("repair does not notice a restart of the server")) {
      return undefined;
    }
    repair.untilMs = this.#world.now() + repairLeaseMs;
    return state;
  }

  #take(productId: string, limit: number, isWanted: (entry: OutboxEntry) => boolean): OutboxEntry[] {
    const found = (this.products.get(productId)?.outbox ?? []).filter(isWanted).slice(0, limit);
    for (const entry of found) entry.taken = true;
    return found;
  }
}

/** The figures with which a product is armed or opened, of one moment of the ledger. */
export function figuresOf(record: ProductRecord, changes: Partial<GateFigures> = {}): GateFigures {
  const { epoch, owed, total, limitPerUser, mark, version, paused, endsAtMs, waitingSince, lowering } = record;
  const terms = { version, paused, endsAtMs, waiting: waitingSince !== undefined };
  // A lower total that is asked for is still to take effect.
  const lowered = lowering === undefined ? version : lowering.since - 1;
  return { ...terms, lowered, epoch, available: owed, total, limitPerUser, sequence: mark, ...changes };
}

/** A reservation, as often as it has units. */
export function unitsHeld({ reservationId, quantity }: Pick<Return, "reservationId" | "quantity">): string[] {
  return Array.from({ length: quantity }, () => reservationId);
}

function copyOf(state: ProductState): ProductState {
  return {
    ...state,
    repair: state.repair === undefined ? undefined : { ...state.repair },
    holders: new Map([...state.holders].map(([user, held]) => [user, [...held]])),
    returned: new Map(state.returned),
    outbox: state.outbox.map((entry) => ({ ...entry })),
  };
}
