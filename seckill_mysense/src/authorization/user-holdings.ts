/** A reservation that the gate has accepted. */
export interface Holding {
  readonly userId: string;
  readonly productId: string;
  readonly reservationId: string;
  /** The product's epoch in which the gate said so. */
  readonly epoch: number;
}

/**
 * Remembers for a while which reservations the gate has accepted, in a table of fixed size. An entry that is overwritten
 * or too old costs one more question to the gate, nothing else.
 *
 * The gate answers the same reservation of the same epoch with "held" for ever, also when its unit went back: repeating
 * that answer here is right. Another epoch means that the gate was rebuilt, and knows better.
 */
export class UserHoldings {
  readonly #entries: ({ readonly holding: Holding; readonly untilMs: number } | undefined)[];
  readonly #mask: number;
  readonly #lifetimeMs: number;

  /** `capacity` is rounded up to a power of two; about 200 bytes each. */
  constructor(capacity: number, lifetimeMs: number) {
    const size = 2 ** Math.ceil(Math.log2(capacity));
    this.#entries = new Array<undefined>(size).fill(undefined);
    this.#mask = size - 1;
    this.#lifetimeMs = lifetimeMs;
  }

  add(holding: Holding, nowMs: number): void {
    this.#entries[this.#slot(holding.reservationId)] = { holding, untilMs: nowMs + this.#lifetimeMs };
  }

  has({ userId, productId, reservationId, epoch }: Holding, nowMs: number): boolean {
    const entry = this.#entries[this.#slot(reservationId)];
    if (entry === undefined || nowMs >= entry.untilMs) return false;
    const { holding } = entry;
    return (
      holding.reservationId === reservationId &&
      holding.userId === userId &&
      holding.productId === productId &&
      holding.epoch === epoch
    );
  }

  #slot(reservationId: string): number {
    return Bun.hash.murmur32v3(reservationId) & this.#mask;
  }
}
