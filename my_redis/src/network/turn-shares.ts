import type { InfoLine } from "../dispatch/info-book.ts";
import type { Connection } from "./connection.ts";
import { receivedBytes } from "./socket-calls.ts";

/** The part of a turn for which one client's requests run before the next client's. */
const quantumMs = 1;
/** Short requests of one client between two looks at the clock: a look costs a tenth of a short request. */
const requestsPerLook = 32;
/**
 * A client counts with at most this much input: the runtime hands over less in one piece. What has gathered beyond it
 * (of a client that was blocked) has limits of its own, and must not stop the reading from all other clients.
 */
const maxCountedBytes = 1024 * 1024;

export interface TurnSharesOptions {
  readonly monotonicMs: () => number;
  /** How long the requests of all clients may run in one turn. */
  readonly turnMs: () => number;
  /** Input of all waiting clients together above which `holdInput(true)` is called. */
  readonly limitBytes: () => number;
  /**
   * Runs a client's requests until they are used up, or `isUsedUp` cuts them short and the client waits again. Those of a
   * client that `isRunOut` must be read first.
   */
  readonly run: (connection: Connection) => void;
  /** True: nothing more may be read from any client, because enough waits. False: half of it has run. */
  readonly holdInput: (isHeld: boolean) => void;
  /** Called with the longest wait in milliseconds, 0 when no client waits, before each turn that serves them. */
  readonly noteLongestWait: (waitMs: number) => void;
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
  /** Nothing is read from any client, because enough input waits. */
  #isFull = false;
  /** How often a client has had to wait for a later turn. */
  #timesPutOff = 0;
  /** When the first request of this turn ran; undefined before it. */
  #turnStartMs: number | undefined;
  /** When the present client's requests began to run. */
  #shareStartMs = 0;
  #requests = 0;
  #isScheduled = false;
  #isFinishing = false;

  constructor(options: TurnSharesOptions) {
    this.#options = options;
  }

  /** The lines of INFO about waiting clients. */
  get infoLines(): readonly InfoLine[] {
    return [
      ["clients_waiting_for_turn", this.#waiting.size],
      ["clients_waiting_bytes", this.#waitingBytes],
      ["clients_longest_wait_ms", Math.round(this.#longestWaitMs)],
      ["clients_not_read", this.#isFull ? 1 : 0],
      ["clients_put_off", this.#timesPutOff],
    ];
  }

  /** Whether nothing is read from any client until half of the waiting input has run. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** To be called for a client that has connected while `isFull`. */
  holdIfFull(connection: Connection): void {
    if (this.#isFull && !connection.closed) connection.holdInput(true);
  }

  /** Milliseconds since the client that has waited longest began to wait; 0 when none waits. */
  get #longestWaitMs(): number {
    for (const { waitingSinceMs } of this.#waiting) return this.#passedMs(waitingSinceMs);
    return 0;
  }

  isWaiting(connection: Connection): boolean {
    return this.#waiting.has(connection);
  }

  /** Whether the requests that a client has sent may run now. */
  mayRun(connection: Connection): boolean {
    if (connection.neverWaits) return true;
    if (this.#waiting.size > 0) return false;
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

  /**
   * To be called after each request; whether the client has to wait before its next one. After a request that may have
   * taken long (`mayBeLong`) the clock is always looked at.
   */
  isUsedUp(connection: Connection, mayBeLong: boolean): boolean {
    if ((++this.#requests % requestsPerLook !== 0 && !mayBeLong) || connection.neverWaits) return false;
    return this.#passedMs(this.#shareStartMs) >= quantumMs;
  }

  /** The client has input that must wait; to be called after that input was kept. */
  wait(connection: Connection): void {
    if (connection.heldBytes >= receivedBytes.length) connection.hasMoreInput = true;
    connection.isRunOut = false;
    this.#wait(connection);
  }

  #wait(connection: Connection): void {
    const bytes = Math.min(connection.heldBytes, maxCountedBytes);
    this.#waitingBytes += bytes - connection.waitingBytes;
    connection.waitingBytes = bytes;
    if (!this.#waiting.has(connection)) {
      this.#waiting.add(connection);
      connection.waitsForTurn = true;
      this.#timesPutOff++;
      connection.waitingSinceMs = this.#options.monotonicMs();
    }
    connection.stopReading();
    this.#schedule();
    if (this.#isFull || this.#waitingBytes <= this.#options.limitBytes()) return;
    this.#isFull = true;
    this.#options.holdInput(true);
  }

  /** The client no longer waits: it is served, or has disconnected. */
  leave(connection: Connection): void {
    if (!this.#waiting.delete(connection)) return;
    connection.waitsForTurn = false;
    this.#waitingBytes -= connection.waitingBytes;
    connection.waitingBytes = 0;
    if (!this.#isFull || this.#waitingBytes > this.#options.limitBytes() / 2) return;
    this.#isFull = false;
    this.#options.holdInput(false);
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
    this.#options.noteLongestWait(this.#longestWaitMs);
    this.#serve(() => this.#passedMs(startMs) < this.#options.turnMs());
    if (this.#waiting.size > 0) this.#schedule();
    else this.#options.noteLongestWait(0);
  };

  /** Serves all that wait, without regard to the time. Nothing more is read from them. */
  finish(): void {
    this.#isFinishing = true;
    this.#serve(() => true);
  }

  /** Serves at least one client, so that a turn brings the work forward however slow the machine is. */
  #serve(goesOn: () => boolean): void {
    let served = 0;
    // A client that is not done is added to the Set again, and comes up once more.
    for (const connection of this.#waiting) {
      if (served++ > 0 && !goesOn()) return;
      this.leave(connection);
      this.#options.run(connection);
      if (this.#waiting.has(connection)) continue;
      connection.isRunOut = connection.hasMoreInput && !this.#isFinishing;
      if (connection.isRunOut) this.#wait(connection);
      else connection.startReading();
    }
  }
}
