import type { Count64 } from "./count-64.ts";
import { IdMap, IdPlace, type MemoryAccount } from "./id-map.ts";
import { PendingEntries } from "./pending-entries.ts";
import { StreamId } from "./stream-id.ts";

/** `entriesRead` of a group for which it is unknown. */
export const unknownEntriesRead = -1;

/** One consumer of a group. */
export class Consumer {
  /** One character per byte. */
  readonly name: string;
  /** The number of this consumer in the pending entries of the group. */
  readonly number: number;
  /** When the consumer last tried to read or claim, Unix milliseconds. */
  seenMs: number;
  /** When the consumer last got an entry, Unix milliseconds; -1 for never. */
  activeMs = -1;
  /** Ids of the entries that are pending for the consumer. */
  readonly pending: IdMap;

  constructor(name: string, number: number, seenMs: number, pending = new IdMap(0)) {
    this.name = name;
    this.number = number;
    this.seenMs = seenMs;
    this.pending = pending;
  }
}

/** A consumer group of a stream. Its methods take and give places in its own pending entries. */
export class ConsumerGroup {
  readonly lastId = new StreamId();
  entriesRead: Count64 = unknownEntriesRead;
  pending: PendingEntries;
  readonly #account: MemoryAccount | undefined;
  readonly #byName = new Map<string, Consumer>();
  readonly #byNumber: (Consumer | undefined)[] = [];
  readonly #place = new IdPlace();
  readonly #id = new StreamId();

  constructor(account?: MemoryAccount) {
    this.#account = account;
    this.pending = new PendingEntries(new IdMap(5, account));
  }

  /** To be called when the group is no longer used. */
  dispose(): void {
    this.pending.map.dispose();
    for (const consumer of this.#byName.values()) consumer.pending.dispose();
  }

  // --- consumers ---

  consumer(name: string): Consumer | undefined {
    return this.#byName.get(name);
  }

  addConsumer(name: string, nowMs: number): Consumer {
    const free = this.#byNumber.indexOf(undefined);
    const number = free < 0 ? this.#byNumber.length : free;
    const consumer = new Consumer(name, number, nowMs, new IdMap(0, this.#account));
    this.#put(consumer);
    return consumer;
  }

  #put(consumer: Consumer): void {
    this.#byNumber[consumer.number] = consumer;
    this.#byName.set(consumer.name, consumer);
  }

  get consumerCount(): number {
    return this.#byName.size;
  }

  /** The consumers in the order of their names. */
  consumers(): Consumer[] {
    return [...this.#byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Removes a consumer with all its pending entries; gives their number. */
  removeConsumer(consumer: Consumer): number {
    const removed = consumer.pending.size;
    const own = new IdPlace();
    for (let more = consumer.pending.first(own); more; more = consumer.pending.next(own)) {
      if (this.pending.map.find(consumer.pending.readId(own, this.#id), this.#place))
        this.pending.map.remove(this.#place);
    }
    consumer.pending.dispose();
    this.#byName.delete(consumer.name);
    this.#byNumber[consumer.number] = undefined;
    return removed;
  }

  // --- pending entries ---

  consumerAt(place: IdPlace): Consumer {
    return this.#byNumber[this.pending.consumerAt(place)] as Consumer;
  }

  /**
   * Registers a first delivery, or takes the entry from another consumer. Afterwards the place is that of the entry.
   */
  deliver(id: StreamId, consumer: Consumer, nowMs: number, place: IdPlace): void {
    if (!this.pending.map.find(id, place)) {
      this.add(id, consumer, place);
    } else {
      this.assign(id, place, consumer);
    }
    this.pending.setDeliveredMs(place, nowMs);
    this.pending.setDeliveries(place, 1);
  }

  /** Adds a pending entry for an id that has none. Time and number of deliveries are undefined. */
  add(id: StreamId, consumer: Consumer, place: IdPlace): void {
    this.pending.map.insert(id, place);
    this.pending.setConsumer(place, consumer.number);
    consumer.pending.insert(id, this.#place);
  }

  /** Gives a pending entry to another consumer. */
  assign(id: StreamId, place: IdPlace, consumer: Consumer): void {
    const owner = this.consumerAt(place);
    if (owner === consumer) return;
    if (owner.pending.find(id, this.#place)) owner.pending.remove(this.#place);
    consumer.pending.insert(id, this.#place);
    this.pending.setConsumer(place, consumer.number);
  }

  /** Removes an entry. The place is then that of the next entry; false when there is none. */
  remove(id: StreamId, place: IdPlace): boolean {
    const owner = this.consumerAt(place);
    if (owner.pending.find(id, this.#place)) owner.pending.remove(this.#place);
    return this.pending.map.remove(place);
  }

  /** Removes an entry if it is pending. */
  acknowledge(id: StreamId, place: IdPlace): boolean {
    if (!this.pending.map.find(id, place)) return false;
    this.remove(id, place);
    return true;
  }

  get memoryBytes(): number {
    let total = 500 + this.pending.map.memoryBytes;
    for (const consumer of this.#byName.values()) total += 300 + consumer.name.length + consumer.pending.memoryBytes;
    return total;
  }

  copy(): ConsumerGroup {
    const copy = new ConsumerGroup(this.#account);
    copy.lastId.copy(this.lastId);
    copy.entriesRead = this.entriesRead;
    copy.pending = new PendingEntries(this.pending.map.copy());
    for (const { name, number, seenMs, activeMs, pending } of this.#byName.values()) {
      const copied = new Consumer(name, number, seenMs, pending.copy());
      copied.activeMs = activeMs;
      copy.#put(copied);
    }
    return copy;
  }
}
