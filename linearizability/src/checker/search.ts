import type { Model } from "../models/model.ts";
import type { Budget } from "./budget.ts";
import { EqualOperations } from "./equal-operations.ts";
import { type Configuration, KnownConfigurations } from "./known-configurations.ts";
import { GrowingInts } from "./growing-ints.ts";
import { impossible, NumberedStates } from "./numbered-states.ts";
import { OpenOperations } from "./open-operations.ts";
import { never, type Timeline } from "./timeline.ts";
import { noneUsed, UnknownsUsed } from "./unknowns-used.ts";

/** "violation": no order passes the return at this place. */
export type SearchResult = "ok" | "gave up" | { readonly failedAt: number };

/** Looks for an order of the operations that explains all outputs. */
export function search<State>(timeline: Timeline, model: Model<State>, budget: Budget): SearchResult {
  return new Search(timeline, model, budget).run();
}

/** The fields of a frame, before the words of `done`: a configuration, and where its children are. */
const [placeField, stateField, usedField, firstField, nextField, endField, fields] = [0, 1, 2, 3, 4, 5, 6];
const notLooked = -1;
/** An operation, and the state and the unknown outcomes used after it. */
const childFields = 3;

/**
 * The search of Wing and Gong with Lowe's improvements: depth first, just in time, and never twice from the same
 * configuration. It walks along the timeline. At each return the operation must have taken effect; if it has not, it
 * does so now, alone or after some other open operations.
 *
 * Four things keep it small, without changing what it finds:
 *
 * - An open operation that only reads takes effect as soon as it is possible. Waiting could not help it or others.
 * - Of equal open operations the one that returns first takes effect first: see `EqualOperations`.
 * - A configuration need not be tried if one with fewer unknown outcomes used up is: see `KnownConfigurations`.
 * - Configurations are kept only where the first try failed: a history that is explained at once needs no memory for them.
 *
 * Frames are rows of integers and not calls of functions: a history of a million operations is as many frames deep.
 */
class Search<State> {
  readonly #timeline: Timeline;
  readonly #budget: Budget;
  readonly #open: OpenOperations;
  readonly #states: NumberedStates<State>;
  readonly #equals: EqualOperations;
  readonly #used = new UnknownsUsed();
  readonly #known: KnownConfigurations;
  /** Where the search is. `#open.place` is always its place. */
  readonly #here: Configuration;
  readonly #frames = new GrowingInts();
  readonly #frameSize: number;
  /** What to try from the frames to which the search has come back. */
  readonly #children = new GrowingInts();
  readonly #unknownGroups = new Map<number, UnknownGroup>();
  #furthest = 0;

  constructor(timeline: Timeline, model: Model<State>, budget: Budget) {
    this.#timeline = timeline;
    this.#budget = budget;
    this.#open = new OpenOperations(timeline);
    this.#states = new NumberedStates(model, timeline.operations, budget);
    this.#equals = new EqualOperations(timeline.operations);
    this.#known = new KnownConfigurations(this.#used, this.#open.words, budget);
    this.#here = { place: 0, state: this.#states.initial, used: noneUsed, done: new Int32Array(this.#open.words) };
    this.#frameSize = fields + this.#open.words;
    this.#groupUnknowns();
  }

  run(): SearchResult {
    this.#settle();
    let isKnown = false;
    for (;;) {
      if (this.#open.isAtEnd) return "ok";
      if (!this.#budget.step()) return "gave up";
      if (isKnown || !this.#goOn()) {
        if (!this.#goBack()) return this.#budget.exhausted === undefined ? { failedAt: this.#furthest } : "gave up";
      }
      isKnown = this.#settle() && this.#known.includes(this.#here);
    }
  }

  /** Opens a frame, and lets the operation that returns next take effect. False when it cannot. */
  #goOn(): boolean {
    const { place, state, used, done } = this.#here;
    for (const value of [place, state, used, notLooked, notLooked, notLooked]) this.#frames.push(value);
    for (let word = 0; word < done.length; word++) this.#frames.push(done[word] as number);
    const due = this.#open.next >> 1;
    const after = this.#states.step(state, due);
    if (after === impossible) return false;
    this.#take(due, after, used);
    return true;
  }

  /** Back to the last frame from which something else can be tried, and tries it. False when there is none. */
  #goBack(): boolean {
    while (this.#frames.length > 0) {
      const frame = this.#frames.length - this.#frameSize;
      this.#restore(frame);
      if (this.#frames.get(frame + firstField) === notLooked) this.#findChildren(frame);
      const child = this.#frames.get(frame + nextField);
      if (child < this.#frames.get(frame + endField)) {
        this.#frames.set(frame + nextField, child + childFields);
        this.#take(this.#children.get(child), this.#children.get(child + 1), this.#children.get(child + 2));
        return true;
      }
      this.#children.length = this.#frames.get(frame + firstField);
      this.#frames.length = frame;
      if (!this.#budget.step()) return false;
    }
    return false;
  }

  #restore(frame: number): void {
    const used = this.#frames.get(frame + usedField);
    if (this.#here.used !== used) this.#groupOf(this.#used.last(this.#here.used)).used--;
    this.#here.place = this.#frames.get(frame + placeField);
    this.#here.state = this.#frames.get(frame + stateField);
    this.#here.used = used;
    const { done } = this.#here;
    for (let word = 0; word < done.length; word++) done[word] = this.#frames.get(frame + fields + word);
    this.#open.backTo(this.#here.place);
  }

  /** The operation takes effect. */
  #take(operation: number, stateAfter: number, usedAfter: number): void {
    this.#here.state = stateAfter;
    this.#here.used = usedAfter;
    const slot = this.#open.slotOf[operation] as number;
    if (slot < 0) this.#groupOf(operation).used++;
    else this.#here.done[slot >> 5]! |= 1 << (slot & 31);
  }

  /**
   * Lets all reads that fit take effect, and goes on to the next return of an operation that has not taken effect. Says
   * whether anything has changed.
   */
  #settle(): boolean {
    const { done, state, place } = this.#here;
    let hasChanged = false;
    const tryToRead = (operation: number, slot: number): void => {
      if (!this.#states.isFulfilledRead(state, operation)) return;
      done[slot >> 5]! |= 1 << (slot & 31);
      hasChanged = true;
    };
    this.#eachWaiting(tryToRead);
    for (; !this.#open.isAtEnd; this.#open.forward()) {
      const event = this.#open.next;
      const slot = this.#open.slotOf[event >> 1] as number;
      if (slot < 0) continue;
      if ((event & 1) === 0) {
        tryToRead(event >> 1, slot);
        continue;
      }
      const bit = 1 << (slot & 31);
      if ((done[slot >> 5]! & bit) === 0) break;
      done[slot >> 5]! &= ~bit;
    }
    this.#here.place = this.#open.place;
    this.#furthest = Math.max(this.#furthest, this.#open.place);
    return hasChanged || this.#here.place !== place;
  }

  /** Calls back with each open operation that has a known outcome and has not taken effect. */
  #eachWaiting(visit: (operation: number, slot: number) => void): void {
    const { occupants, taken, words } = this.#open;
    for (let word = 0; word < words; word++) {
      for (let bits = (taken[word] as number) & ~(this.#here.done[word] as number); bits !== 0; bits &= bits - 1) {
        const slot = word * 32 + 31 - Math.clz32(bits & -bits);
        visit(occupants[slot] as number, slot);
      }
    }
  }

  /**
   * What can take effect here other than the operation that returns next, which was tried first. Those after which that
   * one is possible come first.
   */
  #findChildren(frame: number): void {
    this.#keep();
    const due = this.#open.next >> 1;
    const { state, place, used } = this.#here;
    const enabling: number[] = [];
    const others: number[] = [];
    const consider = (operation: number, isUnknown: boolean): void => {
      if (!this.#budget.step()) return;
      const after = this.#states.step(state, operation);
      // An unknown outcome that would change nothing may as well never take effect.
      if (after === impossible || (isUnknown && after === state)) return;
      const usedAfter = isUnknown ? this.#used.with(used, operation) : used;
      if (!this.#keepAfter(operation, after, usedAfter)) {
        if (isUnknown) this.#used.removeLast();
        return;
      }
      const children = this.#states.step(after, due) === impossible ? others : enabling;
      children.push(operation, after, usedAfter);
    };
    for (const operation of this.#firstToReturn()) if (operation !== due) consider(operation, false);
    for (const { members, used: count } of this.#unknownGroups.values()) {
      const operation = members[count];
      if (operation === undefined || (this.#timeline.calledAt[operation] as number) >= place) continue;
      consider(operation, true);
    }
    const first = this.#children.length;
    for (const value of [...enabling, ...others]) this.#children.push(value);
    this.#frames.set(frame + firstField, first);
    this.#frames.set(frame + nextField, first);
    this.#frames.set(frame + endField, this.#children.length);
  }

  /** Keeps the configuration after an operation. False when it is known. */
  #keepAfter(operation: number, state: number, used: number): boolean {
    const slot = this.#open.slotOf[operation] as number;
    const { state: stateBefore, used: usedBefore, done } = this.#here;
    const [word, bit] = slot < 0 ? [0, 0] : [slot >> 5, 1 << (slot & 31)];
    this.#here.state = state;
    this.#here.used = used;
    done[word]! |= bit;
    const isNew = this.#keep();
    done[word]! &= ~bit;
    this.#here.used = usedBefore;
    this.#here.state = stateBefore;
    return isNew;
  }

  /** Keeps the configuration in which the search is. False when it is known. */
  #keep(): boolean {
    if (this.#known.includes(this.#here)) return false;
    this.#known.add(this.#here);
    return true;
  }

  /** Of each group of equal open operations that have not taken effect, the one that returns first. */
  #firstToReturn(): Iterable<number> {
    const first = new Map<number, number>();
    this.#eachWaiting((operation) => {
      const group = this.#equals.numberOf(operation);
      const other = first.get(group);
      const { returnedAt } = this.#timeline;
      if (other === undefined || returnedAt[operation]! < returnedAt[other]!) first.set(group, operation);
    });
    return first.values();
  }

  #groupUnknowns(): void {
    for (const [operation, returnedAt] of this.#timeline.returnedAt.entries()) {
      if (returnedAt !== never) continue;
      const number = this.#equals.numberOf(operation);
      let group = this.#unknownGroups.get(number);
      if (group === undefined) this.#unknownGroups.set(number, (group = { members: [], used: 0 }));
      group.members.push(operation);
    }
  }

  #groupOf(operation: number): UnknownGroup {
    return this.#unknownGroups.get(this.#equals.numberOf(operation)) as UnknownGroup;
  }
}

/** Equal operations with unknown outcomes, in the order of their calls. They take effect in this order. */
interface UnknownGroup {
  readonly members: number[];
  /** How many have taken effect. */
  used: number;
}
