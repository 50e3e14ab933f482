import type { TransactionLimits } from "../transaction/transaction-host.ts";
import { bytesOf, type Operation, type Outcome, type TransactionId } from "../transaction/transaction-message.ts";
import { hasKey, type SeatBook, type SeatRecord } from "./seat-book.ts";
import type { ParticipantHost } from "./seat-host.ts";
import type { SeatAnswer, SeatName, SeatRequest, SeatRequestOf } from "./seat-message.ts";

/** How many silent writes one look takes up; the rest wait for the next. */
const maxPerLook = 1024;

const elsewhere: SeatAnswer = { type: "elsewhere" };

/**
 * The primary of a seat in writes across seats: it locks and prepares keys, and carries out what the home of the write has
 * decided. For writes that have their home here, it decides. See docs/decisions/0092.
 */
export class SeatParticipant {
  readonly #host: ParticipantHost;
  readonly #limits: TransactionLimits;
  readonly #book: SeatBook;
  /** Since when nothing was heard of a write. */
  readonly #silentSinceMs = new Map<TransactionId, number>();
  /** The epoch to which all above belongs. */
  #epoch = 0;

  constructor(host: ParticipantHost, limits: TransactionLimits, book: SeatBook) {
    this.#host = host;
    this.#limits = limits;
    this.#book = book;
  }

  /** Anything but "elsewhere" and "busy" may be sent once it is kept. */
  handle(request: SeatRequest): SeatAnswer {
    if (this.#served() !== request.seat) return elsewhere;
    switch (request.type) {
      case "prepare":
        return this.#prepare(request);
      case "commit":
        return this.#commit(request.id);
      case "ask":
        return this.#answer(request.id);
      case "end":
        return this.#end(request.id, request.outcome);
      case "forget":
        return this.#forget(request.ids);
    }
  }

  /** The seat that this node serves. What was known in memory counts for its own epoch only. */
  #served(): SeatName | undefined {
    const { serving } = this.#host;
    if (serving !== undefined && serving.epoch !== this.#epoch) {
      this.#epoch = serving.epoch;
      this.#silentSinceMs.clear();
    }
    return serving?.seat;
  }

  #prepare({ id, participants, database, operations }: SeatRequestOf<"prepare">): SeatAnswer {
    // So a home that is not in the ring later has left it.
    if (!participants.every((seat) => this.#host.isInRing(seat))) return elsewhere;
    const known = this.#book.records.get(id);
    if (known !== undefined && !mayAdd(known, operations)) return { type: "busy" };
    const obstacle = this.#host.obstacleTo(operations);
    if (obstacle !== undefined) return { type: obstacle };
    const bytes = bytesOf(operations);
    const { maxPreparedBytes, maxRecords } = this.#limits;
    if (this.#book.records.size >= maxRecords || this.#book.preparedBytes + bytes > maxPreparedBytes) {
      const reason = `TRYAGAIN Too much is being written across nodes: at most ${maxRecords} writes and ${maxPreparedBytes} bytes`;
      return { type: "refused", reason };
    }
    const { locks } = this.#book;
    if (operations.some(({ key }) => (locks.holderOf(key) ?? id) !== id)) return { type: "busy" };
    const found = this.#host.examine(database, operations);
    if (found.refusal !== undefined) return { type: "refused", reason: found.refusal };
    const { count, taken } = found;
    this.#heard(id);
    // What was taken goes to the coordinator, and is needed here no more.
    const part = { database, operations, count, bytes };
    this.#host.log({ type: "prepared", id, participants, part });
    return { type: "prepared", count, taken };
  }

  #commit(id: TransactionId): SeatAnswer {
    const record = this.#book.records.get(id);
    // It was prepared here before anybody could ask for this: so it was given up since then.
    if (record === undefined) return { type: "decided", outcome: "back" };
    this.#heard(id);
    if (!record.isDecided) this.#host.log({ type: "decided", id, participants: record.participants });
    return { type: "decided", outcome: "forward" };
  }

  #answer(id: TransactionId): SeatAnswer {
    const record = this.#book.records.get(id);
    if (record !== undefined) return record.isDecided ? { type: "decided", outcome: "forward" } : { type: "undecided" };
    // Its PREPARE may still be under way. But nobody asks before it would be too late for that.
    return { type: "decided", outcome: "back" };
  }

  #end(id: TransactionId, outcome: Outcome): SeatAnswer {
    const record = this.#book.records.get(id);
    if (record !== undefined && (outcome === "forward" || !record.isDecided)) this.#finish(record, outcome);
    return { type: "done" };
  }

  #finish({ id, prepared }: SeatRecord, outcome: Outcome): void {
    if (prepared === undefined) return;
    const entry = { type: "ended", id, outcome } as const;
    if (outcome === "forward") this.#host.logAndApply(entry, prepared.database, prepared.operations);
    else this.#host.log(entry);
    this.#tidy(id);
    this.#host.unlocked();
  }

  #forget(ids: readonly TransactionId[]): SeatAnswer {
    const ended = ids.filter((id) => {
      const record = this.#book.records.get(id);
      return record?.isDecided === true && record.prepared === undefined;
    });
    if (ended.length > 0) this.#host.log({ type: "forgotten", ids: ended });
    for (const id of ended) this.#tidy(id);
    return { type: "done" };
  }

  #heard(id: TransactionId): void {
    this.#silentSinceMs.set(id, this.#host.monotonicMs());
  }

  #tidy(id: TransactionId): void {
    if (!this.#book.records.has(id)) this.#silentSinceMs.delete(id);
  }

  /** Takes up writes of which nothing was heard for long; to be called every now and then. */
  look(): void {
    const seat = this.#served();
    if (seat === undefined) return;
    const nowMs = this.#host.monotonicMs();
    for (const record of this.#silent(nowMs)) {
      // Once more soon, and not after a whole silence.
      this.#silentSinceMs.set(record.id, nowMs - this.#limits.silenceMs + this.#limits.phaseTimeoutMs);
      if (record.participants[0] !== seat) this.#askHome(record);
      else if (record.isDecided) this.#spread(record);
      else this.#giveUp(record, seat);
    }
  }

  /** Of many, those that have waited longest: writes that nobody can end yet, and that are taken up again and again, keep no others waiting. */
  #silent(nowMs: number): readonly SeatRecord[] {
    const sinceMs = ({ id }: SeatRecord): number => this.#silentSinceMs.get(id) ?? nowMs;
    const records = [...this.#book.records.values()];
    for (const record of records) this.#silentSinceMs.set(record.id, sinceMs(record));
    const silent = records.filter((record) => nowMs - sinceMs(record) >= this.#limits.silenceMs);
    if (silent.length <= maxPerLook) return silent;
    return silent.toSorted((one, other) => sinceMs(one) - sinceMs(other)).slice(0, maxPerLook);
  }

  /** A seat leaves the ring only when it has no decision that anybody could ask for. */
  #askHome({ id, participants }: SeatRecord): void {
    if (!this.#host.isInRing(participants[0])) {
      this.#end(id, "back");
      return;
    }
    this.#host.ask({ type: "ask", seat: participants[0], id }, (answer) => {
      if (answer?.type === "decided" && this.#served() !== undefined) this.#end(id, answer.outcome);
    });
  }

  /** Its coordinator is silent. The others are told once no copy of this seat could decide otherwise. */
  #giveUp(record: SeatRecord, home: SeatName): void {
    const { id, participants } = record;
    this.#finish(record, "back");
    this.#host.whenKept((isKept) => {
      if (!isKept) return;
      for (const seat of participants) {
        if (seat !== home) this.#host.ask({ type: "end", seat, id, outcome: "back" }, () => {});
      }
    });
  }

  /** Tells all participants what was decided, and forgets it when all of them have carried it out. */
  #spread({ id, participants }: SeatRecord): void {
    this.#host.whenKept((isKept) => {
      if (!isKept) return;
      const missing = new Set(participants.filter((seat) => this.#host.isInRing(seat)));
      for (const seat of [...missing]) {
        this.#host.ask({ type: "end", seat, id, outcome: "forward" }, (answer) => {
          if (answer?.type !== "done" || !missing.delete(seat)) return;
          if (missing.size === 0 && this.#served() !== undefined) this.#forget([id]);
        });
      }
    });
  }
}

const mayAdd = ({ isDecided, prepared }: SeatRecord, operations: readonly Operation[]): boolean =>
  !isDecided && prepared !== undefined && !operations.some(({ key }) => hasKey(prepared, key));
