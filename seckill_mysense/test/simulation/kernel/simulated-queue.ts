import type { Flaw } from "./flaws.ts";
import type { Message } from "./simulated-gate.ts";

interface Queued {
  readonly message: Message;
  deliveries: number;
  /** Published by a relay that was late: the gate had no entry for it any more. */
  readonly isLate: boolean;
}

/** What a consumer got at once. */
export interface Delivered {
  readonly tag: number;
  readonly messages: readonly Message[];
}

/** After so many deliveries a queue that counts them gives a message up. Only a planted mistake counts. */
const deliveryLimit = 2;

/** A durable queue. A message leaves it only by an acknowledgement, and may come twice and in any order. */
export class SimulatedQueue {
  ready: Queued[] = [];
  /** By the consumer's process. */
  readonly #inHands = new Map<string, { readonly tag: number; readonly queued: readonly Queued[] }>();
  /** The consumers' processes that have a connection, each with the connection's number. */
  readonly #connected = new Map<string, number>();
  #connections = 0;
  readonly #world: { has(flaw: Flaw): boolean };
  #tags = 0;
  /** While the queue's leader is out of reach, the broker says that the queue is empty and has no consumers. */
  leaderAwayUntilMs = 0;

  constructor(world: { has(flaw: Flaw): boolean }) {
    this.#world = world;
  }

  publish(entries: readonly { readonly message: Message; readonly isLate: boolean }[]): void {
    for (const { message, isLate } of entries) this.ready.push({ message, deliveries: 0, isLate });
  }

  take(consumer: string, limit: number): Delivered {
    if (!this.#connected.has(consumer)) this.#connected.set(consumer, ++this.#connections);
    const queued = this.ready.splice(0, limit);
    for (const one of queued) one.deliveries++;
    const tag = ++this.#tags;
    if (queued.length > 0) this.#inHands.set(consumer, { tag, queued });
    return { tag, messages: queued.map(({ message }) => message) };
  }

  /** Nothing happens if the connection was lost since the delivery. */
  acknowledge(consumer: string, tag: number): void {
    if (this.#inHands.get(consumer)?.tag === tag) this.#inHands.delete(consumer);
  }

  /** How many consumers the queue has. */
  get connected(): number {
    return this.#connected.size;
  }

  /** The number of its connection; 0 without one. The client's library notices the end of a connection at once. */
  connectionOf(consumer: string): number {
    return this.#connected.get(consumer) ?? 0;
  }

  /** The consumer is gone, or does not answer the queue any more. */
  leave(consumer: string): void {
    this.#connected.delete(consumer);
    this.release(consumer);
  }

  /** The consumer's connection has ended, and it connects again at once: what it held is delivered again. */
  release(consumer: string): void {
    if (this.#connected.has(consumer)) this.#connected.set(consumer, ++this.#connections);
    const back = this.#inHands.get(consumer)?.queued ?? [];
    this.#inHands.delete(consumer);
    const isGivenUp = (queued: Queued): boolean =>
      this.#world.has("stops count as deliveries") && queued.deliveries >= deliveryLimit;
    this.ready.unshift(...back.filter((queued) => !isGivenUp(queued)));
  }

  heldBy(consumer: string): readonly Queued[] {
    return this.#inHands.get(consumer)?.queued ?? [];
  }

  get unacknowledged(): number {
    let count = 0;
    for (const { queued } of this.#inHands.values()) count += queued.length;
    return count;
  }
}
