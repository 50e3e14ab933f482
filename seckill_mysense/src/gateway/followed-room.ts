import { signedHead } from "../rooms/disclosure.ts";
import { placesOf } from "../rooms/drawn-entries.ts";
import type { SignedHead } from "fair-draw";
import { admittedAt, firstNeededStep, type PlaceState, placeState } from "../domain/room.ts";
import type { LedgerRooms, NumberedStep, Room, RoomLine, RoomState } from "../ledger/rooms.ts";
import type { Clock } from "../time/clock.ts";
import { GateClock } from "./gate-clock.ts";

/** How much the ledger's clock may differ from what a gateway takes it for, beside the time of a reading. */
const roundedMs = 1;
/** Signed heads that are shown. */
const maxHeads = 100;

/** A room as one gateway knows it. Between two readings of the ledger it goes on by the gateway's monotonic clock. */
export class FollowedRoom {
  readonly room: Room;
  readonly #clock: GateClock;
  readonly #elapsedMs: Clock["elapsedMs"];
  #errorMs = Infinity;
  #state: RoomState | undefined;
  #steps: NumberedStep[] = [];
  /** The place of each drawn entry, and the seed that they follow from. */
  #drawn: { readonly seed: Uint8Array; readonly places: Uint32Array } | undefined;
  #computing: Promise<void> | undefined;
  #trouble: string | undefined;
  #readMs = -Infinity;
  #isOver = false;
  #fellBack = false;
  #lines: RoomLine[] = [];
  #signed: SignedHead[] = [];

  constructor(room: Room, clock: Clock) {
    this.room = room;
    this.#clock = new GateClock(clock);
    this.#elapsedMs = clock.elapsedMs;
  }

  /** As it was last read; undefined before the first time. */
  get state(): RoomState | undefined {
    return this.#state;
  }

  /** Unix milliseconds by the ledger's clock. */
  nowMs(): number {
    return Math.floor(this.#clock.now());
  }

  /** By how much `nowMs` may be wrong. */
  get errorMs(): number {
    return this.#errorMs;
  }

  /** Why the places are not known here although the order is drawn; undefined while nothing is wrong. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Whether its sale has ended or was cancelled. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** How long ago it was last read. */
  get ageMs(): number {
    return this.#elapsedMs() - this.#readMs;
  }

  /** Nobody needs the places any more when the sale is over. */
  noteEnd(isOver: boolean): void {
    this.#isOver = isOver;
    if (isOver) this.#drawn = undefined;
  }

  get memoryBytes(): number {
    return this.#drawn?.places.byteLength ?? 0;
  }

  async read(rooms: LedgerRooms): Promise<void> {
    const sentMs = this.#elapsedMs();
    const state = await rooms.state(this.room.id);
    const answeredMs = this.#elapsedMs();
    if (state === undefined) return;
    this.#clock.note(state.nowMs, sentMs, answeredMs);
    this.#errorMs = (answeredMs - sentMs) / 2 + roundedMs;
    const isChanged = state.revision !== this.#state?.revision;
    // What the ledger said before its steps were read does not count as read.
    if (isChanged && state.beginsAtMs !== undefined) await this.#readSteps(rooms, state);
    if (this.#state !== undefined && isOlder(state, this.#state)) this.noteFallBack();
    this.#state = state;
    this.#readMs = answeredMs;
    this.#noteHead(state.line);
    const isKnown = state.seed !== undefined && this.#isDrawnBy(state.seed);
    if (state.seed !== undefined && !isKnown && !this.#isOver) this.#computePlaces(rooms, state);
  }

  #isDrawnBy(seed: Uint8Array): boolean {
    return this.#drawn !== undefined && Buffer.compare(this.#drawn.seed, seed) === 0;
  }

  /** Whether the ledger has fallen back to an older state: an entry that was told of may be gone, and its number another's. */
  get fellBack(): boolean {
    return this.#fellBack;
  }

  noteFallBack(): void {
    this.#fellBack = true;
    this.#lines = [];
  }

  async #readSteps(rooms: LedgerRooms, { nowMs }: RoomState): Promise<void> {
    // All of them: a ledger that fell back has others than those that were read before.
    const steps = await rooms.steps(this.room.id, 0);
    this.#steps = steps.slice(firstNeededStep(steps, this.room.useWithinMs, nowMs));
  }

  /** Beside the readings: many entries take a while. */
  #computePlaces(rooms: LedgerRooms, { drawn, seed }: RoomState): void {
    if (drawn === undefined || seed === undefined || this.#computing !== undefined) return;
    this.#computing = this.#placesFrom(rooms, { count: drawn.entries, seed }).finally(
      () => (this.#computing = undefined),
    );
  }

  async #placesFrom(rooms: LedgerRooms, drawn: { readonly count: number; readonly seed: Uint8Array }): Promise<void> {
    try {
      this.#drawn = { seed: drawn.seed, places: await placesOf(rooms, this.room, drawn) };
      this.#trouble = undefined;
    } catch (error) {
      // The next reading tries again.
      this.#trouble = String(error);
    }
  }

  #noteHead(line: RoomLine): void {
    if (line.entries === this.#lines.at(-1)?.entries) return;
    this.#lines.push(line);
    if (this.#lines.length > maxHeads) this.#lines.shift();
  }

  /** The latest heads that this gateway has seen, signed once each. */
  heads(): readonly SignedHead[] {
    const signed = new Map(this.#signed.map((head) => [head.number, head]));
    this.#signed = this.#lines.map((line) => signed.get(line.entries) ?? signedHead(this.room, line));
    return this.#signed;
  }

  /** Undefined while the order is not known here. */
  placeOf(number: number): number | undefined {
    if (this.#state?.beginsAtMs === undefined) return undefined;
    if (!this.#isDrawn(number)) return number;
    return this.seedOf(number) && this.#drawn?.places[number - 1];
  }

  #isDrawn(number: number): boolean {
    const { drawn } = this.#state ?? {};
    return this.room.mode !== "queue" && (drawn === undefined || number <= drawn.entries);
  }

  /** The seed that the place of this number follows from; undefined for a place by the order of coming. */
  seedOf(number: number): Uint8Array | undefined {
    const { seed } = this.#state ?? {};
    return seed !== undefined && this.#isDrawn(number) && this.#isDrawnBy(seed) ? seed : undefined;
  }

  stateOf(place: number): PlaceState {
    const state = placeState({ steps: this.#steps, useWithinMs: this.room.useWithinMs }, place, this.nowMs());
    // Its entry is newer than what was read: the ledger may have set the admission back for it.
    const isNews = place > (this.#state?.line.entries ?? 0);
    return isNews && state.kind !== "waiting" ? { kind: "waiting", waitMs: 0 } : state;
  }

  /** Of those who are there. */
  get admitted(): number {
    return Math.min(admittedAt(this.#steps, this.nowMs()), this.#state?.line.entries ?? 0);
  }
}

/** Entries are never taken away, and what changes about a room raises its revision. */
function isOlder(now: RoomState, before: RoomState): boolean {
  const { entries, head } = now.line;
  const isLineShorter = entries < before.line.entries;
  const isOtherLine = entries === before.line.entries && Buffer.compare(head, before.line.head) !== 0;
  return isLineShorter || isOtherLine || now.revision < before.revision;
}
