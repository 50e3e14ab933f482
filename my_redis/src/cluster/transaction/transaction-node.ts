import { Coordinator, type TransactionPlan, type TransactionResult } from "./coordinator.ts";
import { Proposer } from "./proposer.ts";
import { RecordBook } from "./record-book.ts";
import type { TransactionHost, TransactionLimits } from "./transaction-host.ts";
import { TransactionMember } from "./transaction-member.ts";
import type { TransactionAnswer, TransactionId, TransactionRequest } from "./transaction-message.ts";
import type { TransactionRecord } from "./transaction-record.ts";

/** How many transactions one `tick` takes over or announces again; the rest wait for the next. */
const maxPerLook = 64;

/** One node's part in writes that several nodes carry out together or not at all. */
export class TransactionNode {
  readonly book: RecordBook;
  readonly #host: TransactionHost;
  readonly #limits: TransactionLimits;
  readonly #member: TransactionMember;
  readonly #proposer: Proposer;
  readonly #coordinator: Coordinator;

  /** `book` holds what the log contained. */
  constructor(host: TransactionHost, limits: TransactionLimits, book: RecordBook, incarnation: string) {
    this.book = book;
    this.#host = host;
    this.#limits = limits;
    this.#member = new TransactionMember(host, limits, book);
    this.#proposer = new Proposer(host, limits);
    this.#coordinator = new Coordinator(host, limits, this.#proposer, incarnation);
    for (const record of book.records.values()) record.touchedMs = -limits.silenceMs;
  }

  /** Writes across nodes for a client of this node. `done` is called once, within bounded time. */
  begin(plan: TransactionPlan, done: (result: TransactionResult) => void): void {
    this.#coordinator.begin(plan, done);
  }

  /** A request of another node or of this one. The caller sends the answer once the log entries are durable. */
  handle(request: TransactionRequest): TransactionAnswer {
    return this.#member.handle(request);
  }

  /** To be called instead of `handle` when a PREPARE is refused because of the state of the server. */
  refused(id: TransactionId): void {
    this.#member.refused(id);
  }

  get openCount(): number {
    return this.#coordinator.openCount + this.#proposer.count;
  }

  /** Takes over transactions that have been silent for too long; to be called now and then while there are records. */
  look(): void {
    let left = maxPerLook;
    const forgotten: string[] = [];
    for (const record of this.book.records.values()) {
      if (this.#member.mayForget(record)) forgotten.push(record.id);
      else if (left > 0 && this.#lookAt(record)) left--;
    }
    this.#member.forget(forgotten);
  }

  /** Whether something was begun. */
  #lookAt(record: TransactionRecord): boolean {
    const nowMs = this.#host.monotonicMs();
    if (record.forgettable && record.prepared === undefined) return false;
    const silenceMs = nowMs - record.touchedMs;
    if (this.#proposer.has(record.id) || silenceMs < this.#patienceWith(record)) return false;
    record.touchedMs = nowMs;
    const { id, participants, outcome, promised } = record;
    if (outcome === undefined) this.#proposer.takeOver(id, participants, promised);
    else this.#proposer.spread(id, participants, outcome);
    return true;
  }

  /** Lock holders take over soon; mere acceptors wait four times longer. */
  #patienceWith(record: TransactionRecord): number {
    const { silenceMs } = this.#limits;
    return record.prepared !== undefined && record.outcome === undefined ? silenceMs : silenceMs * 4;
  }
}
