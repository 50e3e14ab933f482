import { LockTable } from "./lock-table.ts";
import type { MemberName, TransactionId } from "./transaction-message.ts";
import { newRecord, type TransactionLogEntry, type TransactionRecord } from "./transaction-record.ts";

/** Every transaction that this node takes part in or helps to decide, and the locks of its keys. */
export class RecordBook {
  readonly records = new Map<TransactionId, TransactionRecord>();
  readonly locks = new LockTable();
  /** Bytes of the operations that are prepared here. */
  preparedBytes = 0;

  get(id: TransactionId): TransactionRecord | undefined {
    return this.records.get(id);
  }

  open(id: TransactionId, participants: readonly MemberName[], nowMs: number): TransactionRecord {
    const existing = this.records.get(id);
    if (existing !== undefined) return existing;
    const record = newRecord(id, participants, nowMs);
    this.records.set(id, record);
    return record;
  }

  /** Applies an entry of the log: of the loaded log at the start, and of each new entry. */
  apply(entry: TransactionLogEntry, nowMs: number): void {
    if (entry.type === "forgotten") {
      for (const id of entry.ids) this.drop(id);
      return;
    }
    if (entry.type === "finished") {
      const record = this.records.get(entry.id);
      if (record !== undefined) this.#finish(record, entry.outcome, nowMs);
      return;
    }
    const record = this.open(entry.id, entry.participants, nowMs);
    record.touchedMs = nowMs;
    if (entry.type === "prepared") {
      // A log that was being rewritten contains the entry twice.
      if (record.prepared !== undefined || record.outcome !== undefined) return;
      record.prepared = entry.part;
      this.preparedBytes += entry.part.bytes;
      this.locks.take(record.id, keysOf(record));
    } else if (entry.type === "promised") {
      record.promised = entry.ballot;
    } else {
      record.promised = entry.acceptance.ballot;
      record.accepted = entry.acceptance;
    }
  }

  #finish(record: TransactionRecord, outcome: TransactionRecord["outcome"], nowMs: number): void {
    this.#unlock(record);
    record.outcome = outcome;
    record.touchedMs = nowMs;
    // Only the coordinator has tried to decide, and it gave up. So the record can go: a node that asks is answered
    // "never heard of it", which has the same effect.
    if (outcome === "back" && record.promised === 0 && record.accepted === undefined) this.records.delete(record.id);
  }

  #unlock(record: TransactionRecord): void {
    const part = record.prepared;
    if (part === undefined) return;
    this.locks.release(record.id, keysOf(record));
    this.preparedBytes -= part.bytes;
    record.prepared = undefined;
  }

  drop(id: TransactionId): void {
    const record = this.records.get(id);
    if (record === undefined) return;
    this.#unlock(record);
    this.records.delete(id);
  }

  /** The entries that rebuild this book; a rewritten log begins with them. */
  snapshot(): TransactionLogEntry[] {
    const entries: TransactionLogEntry[] = [];
    for (const { id, participants, prepared, promised, accepted, outcome } of this.records.values()) {
      if (prepared !== undefined) entries.push({ type: "prepared", id, participants, part: prepared });
      if (accepted !== undefined) entries.push({ type: "accepted", id, participants, acceptance: accepted });
      const higher = promised > (accepted?.ballot ?? -1);
      if (higher && (promised > 0 || outcome !== undefined)) {
        entries.push({ type: "promised", id, participants, ballot: promised });
      }
      if (outcome !== undefined) entries.push({ type: "finished", id, outcome });
    }
    return entries;
  }
}

export const keysOf = (record: TransactionRecord): Uint8Array[] =>
  record.prepared === undefined ? [] : record.prepared.operations.map((operation) => operation.key);
