import type { Cursor, MoveAsk, MoveChunk } from "../../src/cluster/agreement/move-message.ts";
import { changeRecords, type SeatLogEntry, type SeatRecord } from "../../src/cluster/seat-transaction/seat-book.ts";
import type { Position } from "../../src/cluster/agreement/position.ts";

/** One write of a client. Its number is its value, too. */
export type Write = number;

/** One step of a seat's data, as the primary puts it into the sequence that its replicas follow. */
export type Entry =
  | { readonly type: "write"; readonly slot: number; readonly write: Write }
  /** A part of a move that comes to this seat. */
  | { readonly type: "incoming"; readonly cursor: Cursor; readonly dropped: readonly number[]; readonly load: Load }
  /** Of a write across seats; `writes`: what was carried out with it. */
  | { readonly type: "across"; readonly entry: SeatLogEntry; readonly writes: Load["writes"] }
  /** Slots that do not belong to this seat. */
  | { readonly type: "drop"; readonly slots: readonly number[] };

/** What goes with a part of a move: slots of a snapshot, and writes. */
export interface Load {
  readonly slots: readonly (readonly [slot: number, writes: readonly Write[]])[];
  readonly writes: readonly (readonly [slot: number, write: Write])[];
}

/** A node's copy of its seat's data: all steps in their order, as the primary of `epoch` has put them, and their sum. */
export interface DataCopy {
  readonly epoch: number;
  readonly entries: readonly Entry[];
  readonly slots: ReadonlyMap<number, readonly Write[]>;
  readonly cursors: ReadonlyMap<number, Cursor>;
  /** The open writes across seats. */
  readonly records: ReadonlyMap<string, SeatRecord>;
}

export const noData: DataCopy = { epoch: 0, entries: [], slots: new Map(), cursors: new Map(), records: new Map() };

export const positionOf = ({ epoch, entries }: DataCopy): Position => ({ epoch, offset: entries.length });

export const writesIn = ({ slots }: DataCopy, slot: number): readonly Write[] => slots.get(slot) ?? [];

/** The writes of clients in one step. */
export function writesOf(entry: Entry): Load["writes"] {
  if (entry.type === "write") return [[entry.slot, entry.write]];
  return entry.type === "across" ? entry.writes : [];
}

/** How many writes of clients there are. */
export const countOf = ({ slots }: DataCopy): number =>
  [...slots.values()].reduce((count, writes) => count + writes.length, 0);

/** The copy after further steps. */
export function after(copy: DataCopy, entries: readonly Entry[]): DataCopy {
  const slots = new Map(copy.slots);
  const cursors = new Map(copy.cursors);
  let { records } = copy;
  const add = (slot: number, write: Write): void => void slots.set(slot, [...(slots.get(slot) ?? []), write]);
  for (const entry of entries) {
    if (entry.type === "write") add(entry.slot, entry.write);
    if (entry.type === "drop") for (const slot of entry.slots) slots.delete(slot);
    if (entry.type === "across") {
      const changed = new Map(records);
      changeRecords(changed, entry.entry);
      records = changed;
      for (const [slot, write] of entry.writes) add(slot, write);
    }
    if (entry.type !== "incoming") continue;
    for (const slot of entry.dropped) slots.delete(slot);
    // As with keys: what is loaded replaces nothing but its like.
    for (const [slot, writes] of entry.load.slots) {
      const others = (slots.get(slot) ?? []).filter((write) => !writes.includes(write));
      slots.set(slot, [...writes, ...others]);
    }
    for (const [slot, write] of entry.load.writes) add(slot, write);
    cursors.set(entry.cursor.move, entry.cursor);
  }
  return { epoch: copy.epoch, entries: [...copy.entries, ...entries], slots, cursors, records };
}

/** What a primary and its replicas send each other, and the primaries of two seats between which slots move. */
export type DataMessage =
  /** A replica asks for what comes after `has`, and says what it will not lose. */
  | { readonly type: "fetch"; readonly run: number; readonly has: Position; readonly kept: Position }
  | { readonly type: "writes"; readonly epoch: number; readonly from: number; readonly writes: readonly Entry[] }
  | { readonly type: "snapshot"; readonly copy: DataCopy }
  | MoveMessage;

export type MoveMessage =
  | { readonly type: "ask"; readonly run: number; readonly ask: MoveAsk }
  | { readonly type: "chunk"; readonly chunk: MoveChunk; readonly load: Load };

/** What the primary of this copy answers to a replica that has so much. */
export function answerFetch(copy: DataCopy, has: Position): DataMessage {
  if (has.epoch !== copy.epoch || has.offset > copy.entries.length) return { type: "snapshot", copy };
  return { type: "writes", epoch: copy.epoch, from: has.offset, writes: copy.entries.slice(has.offset) };
}

/** A replica's copy after what its primary of `epoch` has sent. The same copy, if it does not fit. */
export function received(copy: DataCopy, message: DataMessage, epoch: number): DataCopy {
  if (message.type === "snapshot") {
    const isWanted = message.copy.epoch === epoch && copy.epoch !== epoch;
    return isWanted ? message.copy : copy;
  }
  if (message.type !== "writes" || message.epoch !== epoch || copy.epoch !== epoch) return copy;
  const known = copy.entries.length - message.from;
  if (known < 0 || known >= message.writes.length) return copy;
  return after(copy, message.writes.slice(known));
}
