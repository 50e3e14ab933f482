import type { Flaw } from "./flaws.ts";
import type { Message } from "./simulated-gate.ts";

interface Queued {
  readonly message: Message;
  deliveries: number;
}

/** After so many deliveries a queue that counts them gives a message up. Only a planted mistake counts. */
const deliveryLimit = 2;

/** A durable queue. A message leaves it only by an acknowledgement, and may come twice and in any order. */
export class SimulatedQueue {
  ready: Queued[] = [];
  /** By the consumer's process. */
  readonly inHands = new Map<string, Queued[]>();
  readonly #world: { has(flaw: Flaw): boolean };

  constructor(world: { has(flaw: Flaw): boolean }) {
    this.#world = world;
  }

  publish(messages: readonly Message[]): void {
    for (const message of messages) this.ready.push({ message, deliveries: 0 });
  }

  /** What the consumer holds already, or the next messages. */
  take(consumer: string, limit: number): Message[] {
    const held = this.inHands.get(consumer);
    if (held !== undefined) return held.map(({ message }) => message);
    const taken = this.ready.splice(0, limit);
    for (const queued of taken) queued.deliveries++;
    if (taken.length > 0) this.inHands.set(consumer, taken);
    return taken.map(({ message }) => message);
  }

  acknowledge(consumer: string): void {
    this.inHands.delete(consumer);
  }

  /** The consumer's connection has ended: what it held is delivered again. */
  release(consumer: string): void {
    const back = this.inHands.get(consumer) ?? [];
    this.inHands.delete(consumer);
    const isGivenUp = (queued: Queued): boolean =>
      this.#world.has("stops count as deliveries") && queued.deliveries >= deliveryLimit;
    this.ready.push(...back.filter((queued) => !isGivenUp(queued)));
  }

  get unacknowledged(): number {
    let count = 0;
    for (const held of this.inHands.values()) count += held.length;
    return count;
  }
}
