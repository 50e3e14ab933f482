import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import { checkOutboxLimit } from "../../src/gate/check-request.ts";
import type { OutboxEntry } from "../../src/gate/gate.ts";

interface Waiting {
  readonly entry: OutboxEntry;
  /** The relay that has read the entry, and when; undefined for an unread entry. */
  taken: { readonly relayName: string; readonly atMs: number } | undefined;
}

/** The outbox of one product in memory. It follows the rules of a stream with one consumer group. */
export class MemoryOutbox {
  readonly #now: () => number;
  readonly #relays = new Map<string, number>();
  #waiting: Waiting[] = [];
  #appended = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get length(): number {
    return this.#waiting.length;
  }

  get relays(): readonly string[] {
    return [...this.#relays.keys()];
  }

  /** Entries that a relay has read and not acknowledged. */
  get unacknowledged(): number {
    return this.#waiting.filter(({ taken }) => taken !== undefined).length;
  }

  append(reservation: AcceptedReservation): void {
    const entryId = `${reservation.acceptedAtMs}-${this.#appended++}`;
    this.#waiting.push({ entry: { entryId, reservation }, taken: undefined });
  }

  read(relayName: string, limit: number): OutboxEntry[] {
    return this.#take(relayName, limit, ({ taken }) => taken === undefined);
  }

  claim(relayName: string, limit: number, idleMs: number): OutboxEntry[] {
    const sinceMs = this.#now() - idleMs;
    return this.#take(relayName, limit, ({ taken }) => taken !== undefined && taken.atMs <= sinceMs);
  }

  acknowledge(entryIds: readonly string[]): void {
    const ids = new Set(entryIds);
    this.#waiting = this.#waiting.filter(({ entry }) => !ids.has(entry.entryId));
  }

  forgetRelays(idleMs: number): void {
    const busy = new Set(this.#waiting.map(({ taken }) => taken?.relayName));
    for (const [name, seenMs] of this.#relays) {
      if (!busy.has(name) && seenMs <= this.#now() - idleMs) this.#relays.delete(name);
    }
  }

  #take(relayName: string, limit: number, isWanted: (waiting: Waiting) => boolean): OutboxEntry[] {
    const found = this.#waiting.filter(isWanted).slice(0, checkOutboxLimit(limit));
    const atMs = this.#now();
    this.#relays.set(relayName, atMs);
    for (const waiting of found) waiting.taken = { relayName, atMs };
    return found.map(({ entry }) => entry);
  }
}
