import type { Connection } from "./connection.ts";

/** The part of a turn for which one client's requests run before the next client's. */
const quantumMs = 1;
/** Requests of one client between two looks at the clock. */
const requestsPerLook = 32;
/**
 * While all waiting clients together have sent more than this, further ones do not wait but run at once: otherwise
 * the server would hold what the system should.
 */
const maxWaitingBytes = 64 * 1024 * 1024;

export interface TurnSharesOptions {
  readonly monotonicMs: () => number;
  /** How long the requests of all clients may run in one turn. */
  readonly turnMs: () => number;
  /** Runs a client's requests until they are used up, or `isUsedUp` cuts them short and the client waits again. */
  readonly run: (connection: Connection) => void;
}

/**
 * Shares each turn of the event loop among the clients that have sent requests, so that a turn stays short however much
 * has arrived. A client whose share is used up waits behind the others. Its further input stays in the system, which
 * holds the client up. Clients of the administration port never wait.
 */
export class TurnShares {
  readonly #options: TurnSharesOptions;
  /** In the order in which they are served; a Set, because a client may leave from the middle. */
  readonly #waiting = new Set<Connection>();
  #waitingBytes = 0;
  /** When the first request of this turn ran; undefined before it. */
  #turnStartMs: number | undefined;
  /** When the present client's requests began to run. */
  #shareStartMs = 0;
  #requests = 0;
  #isScheduled = false;

  constructor(options: TurnSharesOptions) {
    this.#options = options;
  }

  /** Clients with requests that wait for a later turn. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  isWaiting(connection: Connection): boolean {
    return this.#waiting.has(connection);
  }

  /** Whether the requests that a client has sent may run now. */
  mayRun(connection: Connection): boolean {
    if (connection.neverWaits) return true;
    if (this.#waiting.size > 0) return !this.#waiting.has(connection) && this.#waitingBytes > maxWaitingBytes;
    return this.#turnStartMs === undefined || this.#passedMs(this.#turnStartMs) < this.#options.turnMs();
  }

  #passedMs(sinceMs: number): number {
    return this.#options.monotonicMs() - sinceMs;
  }

  /** To be called before a client's requests run. */
  beginShare(): void {
    this.#shareStartMs = this.#options.monotonicMs();
    this.#turnStartMs ??= this.#shareStartMs;
    this.#requests = 0;
  }

  /** To be called after each request; whether the client has to wait before its next one. */
  isUsedUp(connection: Connection): boolean {
    if (++this.#requests % requestsPerLook !== 0 || connection.neverWaits) return false;
    return this.#passedMs(this.#shareStartMs) >= quantumMs;
  }

  /** The client has input that must wait; to be called after that input was kept. */
  wait(connection: Connection): void {
    this.#waitingBytes += connection.heldBytes - connection.waitingBytes;
    connection.waitingBytes = connection.heldBytes;
    this.#waiting.add(connection);
    connection.stopReading();
    this.#schedule();
  }

  /** The client no longer waits: it is served, or has disconnected. */
  leave(connection: Connection): void {
    if (!this.#waiting.delete(connection)) return;
    this.#waitingBytes -= connection.waitingBytes;
    connection.waitingBytes = 0;
  }

  /** To be called when the replies of a turn are handed over. */
  endTurn(): void {
    this.#turnStartMs = undefined;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#serveTurn);
  }

  readonly #serveTurn = (): void => {
    this.#isScheduled = false;
    const startMs = this.#options.monotonicMs();
    this.#turnStartMs = startMs;
    this.#serve(() => this.#passedMs(startMs) < this.#options.turnMs());
    if (this.#waiting.size > 0) this.#schedule();
  };

  /** Serves all that wait, without regard to the time. */
  finish(): void {
    this.#serve(() => true);
  }

  #serve(goesOn: () => boolean): void {
    // A client that is not done is added to the Set again, and comes up once more.
    for (const connection of this.#waiting) {
      if (!goesOn()) return;
      this.leave(connection);
      this.#options.run(connection);
      if (!this.#waiting.has(connection)) connection.startReading();
    }
  }
}
