import type { TransactionHost, TransactionLimits } from "./transaction-host.ts";
import { RefusedPrepares } from "./refused-prepares.ts";
import {
  bytesOf,
  type Outcome,
  type TransactionAnswer,
  type TransactionId,
  type TransactionRequest,
} from "./transaction-message.ts";
import { type RecordBook } from "./record-book.ts";
import type { TransactionLogEntry, TransactionRecord } from "./transaction-record.ts";

type RequestOf<Type extends TransactionRequest["type"]> = Extract<TransactionRequest, { type: Type }>;

/**
 * Serves the requests of coordinators, those of this node among them. It locks and prepares keys, votes as an
 * acceptor, and carries out the decision. It never decides alone.
 */
export class TransactionMember {
  readonly #host: TransactionHost;
  readonly #limits: TransactionLimits;
  readonly #book: RecordBook;
  readonly #refusedPrepares = new RefusedPrepares();

  constructor(host: TransactionHost, limits: TransactionLimits, book: RecordBook) {
    this.#host = host;
    this.#limits = limits;
    this.#book = book;
  }

  handle(request: TransactionRequest): TransactionAnswer {
    switch (request.type) {
      case "prepare":
        return this.#prepareOrRefuse(request);
      case "accept":
        return this.#accept(request);
      case "promise":
        return this.#promise(request);
      case "decide":
        return this.#decide(request);
      case "forget":
        return this.#forget(request.ids);
    }
  }

  #prepareOrRefuse(request: RequestOf<"prepare">): TransactionAnswer {
    const answer = this.#prepare(request);
    if (answer.type !== "prepared") this.refused(request.id);
    return answer;
  }

  /** To be called when a PREPARE is refused before it gets here. */
  refused(id: TransactionId): void {
    this.#refusedPrepares.add(id);
  }

  #prepare({ id, participants, database, operations }: RequestOf<"prepare">): TransactionAnswer {
    // Another node has taken the transaction over, or has given it up, before its PREPARE arrived here.
    if (this.#book.get(id) !== undefined) return { type: "busy" };
    const bytes = bytesOf(operations);
    if (this.#isFull || this.#book.preparedBytes + bytes > this.#limits.maxPreparedBytes) {
      return { type: "refused", reason: fullText(this.#limits) };
    }
    const { locks } = this.#book;
    if (operations.some(({ key }) => locks.holderOf(key) !== undefined)) return { type: "busy" };
    const found = this.#host.examine(database, operations);
    if (found.refusal !== undefined) return { type: "refused", reason: found.refusal };
    const { count, taken } = found;
    // What was taken goes to the coordinator, and is needed here no more.
    this.#log({ type: "prepared", id, participants, part: { database, operations, count, bytes } });
    return { type: "prepared", count, taken };
  }

  get #isFull(): boolean {
    return this.#book.records.size >= this.#limits.maxRecords;
  }

  #accept({ id, participants, ballot, outcome }: RequestOf<"accept">): TransactionAnswer {
    const record = this.#book.get(id);
    if (record === undefined && this.#isFull) return { type: "busy" };
    if (record !== undefined && ballot < record.promised) return { type: "outbid", ballot: record.promised };
    this.#log({ type: "accepted", id, participants, acceptance: { ballot, outcome } });
    return { type: "accepted" };
  }

  #promise({ id, participants, ballot }: RequestOf<"promise">): TransactionAnswer {
    const record = this.#book.get(id);
    if (record === undefined && this.#isFull) return { type: "busy" };
    if (record !== undefined && ballot <= record.promised) return { type: "outbid", ballot: record.promised };
    this.#log({ type: "promised", id, participants, ballot });
    return { type: "promised", accepted: record?.accepted, outcome: record?.outcome };
  }

  #decide({ id, participants, outcome }: RequestOf<"decide">): TransactionAnswer {
    const record = this.#book.get(id);
    if (record === undefined) {
      if (!this.#refusedPrepares.take(id)) this.#rememberGivenUp(id, participants, outcome);
    } else if (record.outcome === undefined) {
      this.#finish(record, outcome);
    }
    return { type: "done" };
  }

  /** Remembers the transaction as given up, because its PREPARE may still be under way to this node and must be refused.
   * Memory is enough: a message does not outlive its link. */
  #rememberGivenUp(id: string, participants: readonly string[], outcome: Outcome): void {
    if (outcome !== "back" || !participants.includes(this.#host.self) || this.#isFull) return;
    const record = this.#book.open(id, participants, this.#host.monotonicMs());
    record.outcome = "back";
    record.forgettable = true;
  }

  #finish(record: TransactionRecord, outcome: Outcome): void {
    const entry = { type: "finished", id: record.id, outcome } as const;
    const { prepared } = record;
    if (outcome === "forward" && prepared !== undefined) {
      this.#host.logAndApply(entry, prepared.database, prepared.operations);
    } else {
      this.#host.log(entry);
    }
    this.#book.apply(entry, this.#host.monotonicMs());
    if (prepared !== undefined) this.#host.unlocked();
  }

  #forget(ids: readonly string[]): TransactionAnswer {
    const forgotten: string[] = [];
    for (const id of ids) {
      const record = this.#book.get(id);
      if (record === undefined) continue;
      record.forgettable = true;
      if (this.mayForget(record)) forgotten.push(id);
    }
    this.forget(forgotten);
    return { type: "done" };
  }

  /** Whether the record can be dropped: all participants have ended the transaction, and no message under way can bring
   * it back. After a takeover that takes a while. */
  mayForget(record: TransactionRecord): boolean {
    // A participant that has prepared keeps its record until the end.
    if (!record.forgettable || record.prepared !== undefined) return false;
    const wasContested = record.promised > 0 || record.outcome === "back";
    const ageMs = this.#host.monotonicMs() - record.createdMs;
    return !wasContested || ageMs >= this.#limits.rememberMs;
  }

  forget(ids: readonly string[]): void {
    if (ids.length > 0) this.#log({ type: "forgotten", ids });
  }

  #log(entry: TransactionLogEntry): void {
    this.#host.log(entry);
    this.#book.apply(entry, this.#host.monotonicMs());
  }
}

const fullText = ({ maxRecords, maxPreparedBytes }: TransactionLimits): string =>
  `TRYAGAIN Too much is being written across nodes: at most ${maxRecords} transactions and ${maxPreparedBytes} bytes`;
