import { LockTable } from "../transaction/lock-table.ts";
import type { Outcome, TransactionId } from "../transaction/transaction-message.ts";
import type { PreparedPart } from "../transaction/transaction-record.ts";
import type { Participants } from "./seat-message.ts";

/** What a seat knows about a write across seats that is not over. It is a part of the seat's data. */
export interface SeatRecord {
  readonly id: TransactionId;
  readonly participants: Participants;
  /** What the seat's keys are to become; undefined when that was carried out. */
  readonly prepared: PreparedPart | undefined;
  /** At the home: the write goes forward. It stays here until all participants have carried it out. */
  readonly isDecided: boolean;
}

/** The entries of the seat's log and stream. */
export type SeatLogEntry =
  | {
      readonly type: "prepared";
      readonly id: TransactionId;
      readonly participants: Participants;
      readonly part: PreparedPart;
    }
  | { readonly type: "decided"; readonly id: TransactionId; readonly participants: Participants }
  | { readonly type: "ended"; readonly id: TransactionId; readonly outcome: Outcome }
  | { readonly type: "forgotten"; readonly ids: readonly TransactionId[] };

export const hasKey = ({ operations }: PreparedPart, key: Uint8Array): boolean =>
  operations.some((operation) => Buffer.compare(operation.key, key) === 0);

/** A seat may prepare a write in two steps, of different keys. */
function joined(one: PreparedPart, other: PreparedPart): PreparedPart {
  const added = other.operations.filter(({ key }) => !hasKey(one, key));
  if (added.length === 0) return one;
  return { ...one, operations: [...one.operations, ...added], bytes: one.bytes + other.bytes };
}

/** Applies an entry. A log that was being rewritten has some of them twice. */
export function changeRecords(records: Map<TransactionId, SeatRecord>, entry: SeatLogEntry): void {
  if (entry.type === "forgotten") {
    for (const id of entry.ids) records.delete(id);
    return;
  }
  const { id } = entry;
  const record = records.get(id);
  if (entry.type === "prepared") {
    if (record === undefined) {
      records.set(id, { id, participants: entry.participants, prepared: entry.part, isDecided: false });
    } else if (record.prepared !== undefined && !record.isDecided) {
      records.set(id, { ...record, prepared: joined(record.prepared, entry.part) });
    }
  } else if (entry.type === "decided") {
    records.set(id, { id, participants: entry.participants, prepared: record?.prepared, isDecided: true });
  } else if (record?.isDecided === true) {
    records.set(id, { ...record, prepared: undefined });
  } else {
    records.delete(id);
  }
}

/** The entries that make these records. */
export function entriesOf(records: Iterable<SeatRecord>): SeatLogEntry[] {
  return [...records].flatMap(({ id, participants, prepared, isDecided }): SeatLogEntry[] => [
    ...(prepared === undefined ? [] : [{ type: "prepared", id, participants, part: prepared } as const]),
    ...(isDecided ? [{ type: "decided", id, participants } as const] : []),
  ]);
}

/** Slots that are to go to another seat. */
export interface GoingSlots {
  readonly isGoing: (key: Uint8Array) => boolean;
  /** Whether they are the last ones of this seat. */
  readonly isLast: boolean;
}

/** The open writes across seats in which this node's seat takes part, and their locks while this node is its primary. */
export class SeatBook {
  readonly records = new Map<TransactionId, SeatRecord>();
  readonly locks = new LockTable();
  /** Bytes of the operations that are prepared here. */
  preparedBytes = 0;
  /** How many entries have ended something. */
  endings = 0;
  #isLocking = false;

  apply(entry: SeatLogEntry): void {
    const ids = entry.type === "forgotten" ? entry.ids : [entry.id];
    if (entry.type === "ended" || entry.type === "forgotten") this.endings++;
    for (const id of ids) this.#count(id, -1);
    changeRecords(this.records, entry);
    for (const id of ids) this.#count(id, 1);
  }

  #count(id: TransactionId, sign: 1 | -1): void {
    const part = this.records.get(id)?.prepared;
    if (part === undefined) return;
    this.preparedBytes += sign * part.bytes;
    if (!this.#isLocking) return;
    if (sign === 1) this.locks.take(id, part.database, keysOf(part));
    else this.locks.release(id, part.database, keysOf(part));
  }

  /** The data was replaced. */
  replace(records: Iterable<SeatRecord>): void {
    const isLocking = this.#isLocking;
    this.dropLocks();
    this.records.clear();
    this.preparedBytes = 0;
    for (const entry of entriesOf(records)) this.apply(entry);
    if (isLocking) this.takeLocks();
  }

  /** This node is the primary from now on, and has served nothing yet. */
  takeLocks(): void {
    this.#isLocking = true;
    for (const { id, prepared } of this.records.values()) {
      if (prepared !== undefined) this.locks.take(id, prepared.database, keysOf(prepared));
    }
  }

  dropLocks(): void {
    this.#isLocking = false;
    for (const { id, prepared } of this.records.values()) {
      if (prepared !== undefined) this.locks.release(id, prepared.database, keysOf(prepared));
    }
  }

  /**
   * Whether slots may go to another seat: none of their keys is locked, so that no lock has to move. With its last slots a seat
   * may leave the ring. So nothing may be left then that others could ask for.
   */
  mayGo({ isGoing, isLast }: GoingSlots): boolean {
    if (isLast && this.records.size > 0) return false;
    return [...this.records.values()].every(
      ({ prepared }) => prepared?.operations.some(({ key }) => isGoing(key)) !== true,
    );
  }
}

const keysOf = ({ operations }: PreparedPart): Uint8Array[] => operations.map(({ key }) => key);
