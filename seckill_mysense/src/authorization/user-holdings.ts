/** A reservation that the gate has accepted. */
export interface Holding {
  readonly userId: string;
  readonly productId: string;
  readonly reservationId: string;
  /** The product's epoch at the time of acceptance. */
  readonly epoch: number;
}

/**
 * Remembers for a while which reservations the gate has accepted, in a table of fixed size. An overwritten or expired
 * entry only costs one more call to the gate.
 *
 * Within an epoch the gate answers an accepted reservation with "held" for ever, even after its unit was given back, so
 * that answer can be repeated here. A new epoch means that the gate was rebuilt, so the gate is asked again.
 */
export class UserHoldings {
  readonly #entries: ({ readonly holding: Holding; readonly untilMs: number } | undefined)[];
  readonly #mask: number;
  readonly #lifetimeMs: number;

  /** `capacity` is rounded up to a power of two. An entry takes about 200 bytes. */
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
