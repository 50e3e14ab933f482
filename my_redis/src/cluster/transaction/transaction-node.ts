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
    const records = [...this.book.records.values()];
    const forgotten = records.filter((record) => this.#member.mayForget(record));
    const silent = records.filter((record) => this.#isSilent(record));
    // Transactions that nobody can end are taken over again and again: they must not keep others waiting.
    const longestSilent = silent.toSorted((one, other) => one.touchedMs - other.touchedMs);
    for (const record of longestSilent.slice(0, maxPerLook)) this.#takeUp(record);
    this.#member.forget(forgotten.map(({ id }) => id));
  }

  #isSilent(record: TransactionRecord): boolean {
    if (record.forgettable && record.prepared === undefined) return false;
    const silenceMs = this.#host.monotonicMs() - record.touchedMs;
    return silenceMs >= this.#patienceWith(record) && !this.#proposer.has(record.id);
  }

  #takeUp(record: TransactionRecord): void {
    const { id, participants, outcome, promised } = record;
    record.touchedMs = this.#host.monotonicMs();
    if (outcome === undefined) this.#proposer.takeOver(id, participants, promised);
    else this.#proposer.spread(id, participants, outcome);
  }

  /** Lock holders take over soon; mere acceptors wait four times longer. */
  #patienceWith(record: TransactionRecord): number {
    const { silenceMs } = this.#limits;
    return record.prepared !== undefined && record.outcome === undefined ? silenceMs : silenceMs * 4;
  }
}
