import type { RepliesOfTurn, ReplyGate } from "../../dispatch/change-log.ts";
import type { Position } from "../agreement/ring-message.ts";

export interface SeatGateOptions {
  readonly monotonicMs: () => number;
  /** This node's data at present, as the primary of its seat; undefined while it is none. */
  readonly position: () => Position | undefined;
  /** Whether an answer that shows the data up to there may be released now. */
  readonly mayAnswer: (position: Position) => boolean;
  /** How long replies wait without a lease. */
  readonly patienceMs: number;
  /** Whether a lease is there. */
  readonly hasLease: () => boolean;
}

interface Waiting {
  /** What the replies show; undefined for those that show nothing of the seat, and only keep their place in the order. */
  readonly shown: Position | undefined;
  readonly bytes: number;
  readonly callback: (released: boolean) => void;
}

/**
 * The replies of a primary wait until they may be seen: its lease is compared right before they are written, and with
 * cluster-acknowledgement replica its replicas have what the replies show. A pause of the process at any point is covered.
 */
export class SeatGate implements ReplyGate {
  readonly #options: SeatGateOptions;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** The present turn has read or changed data of the seat. */
  #isTouched = false;
  #withoutLeaseSinceMs: number | undefined;

  constructor(options: SeatGateOptions) {
    this.#options = options;
  }

  /** Turns whose replies wait, and the bytes of those. */
  get waitingTurns(): number {
    return this.#waiting.length;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** The present turn reads or changes data of the seat. */
  touch(): void {
    this.#isTouched = true;
  }

  pass(callback: (released: boolean) => void, replies: RepliesOfTurn | undefined): (safe: boolean) => void {
    const position = this.#options.position();
    const isTouched = this.#isTouched || replies === undefined;
    const shown = isTouched ? position : undefined;
    // Data was shown by a node that is the primary no longer: nobody may see it.
    const isVoid = this.#isTouched && position === undefined;
    // An answer in the middle of a turn does not end it.
    if (replies !== undefined) this.#isTouched = false;
    // What shows nothing of the seat waits only behind earlier replies to the same clients.
    if (shown === undefined && !isVoid && (this.#waiting.length === 0 || replies?.isBehind !== true)) return callback;
    const bytes = replies?.bytes ?? 0;
    return (safe) => {
      if (!safe || isVoid) return callback(false);
      if (this.#waiting.length === 0 && (shown === undefined || this.#options.mayAnswer(shown))) return callback(true);
      this.#waiting.push({ shown, bytes, callback });
      this.#waitingBytes += bytes;
      if (this.#waiting.length === 1) this.look();
    };
  }

  /** Releases what may be seen by now, and drops what nobody may see any more. Must be called when that may have changed. */
  look(): void {
    this.#watchLease();
    const { mayAnswer, position } = this.#options;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const { shown } = first;
      if (shown !== undefined && shown.epoch !== position()?.epoch) this.#end(first, false);
      else if (shown === undefined || mayAnswer(shown)) this.#end(first, true);
      else if (this.#isOverdue) this.#end(first, false);
      else return;
    }
  }

  #end(first: Waiting, released: boolean): void {
    this.#waiting.shift();
    this.#waitingBytes -= first.bytes;
    first.callback(released);
  }

  #watchLease(): void {
    const { hasLease, monotonicMs } = this.#options;
    if (hasLease() || this.#waiting.length === 0) this.#withoutLeaseSinceMs = undefined;
    else this.#withoutLeaseSinceMs ??= monotonicMs();
  }

  get #isOverdue(): boolean {
    const sinceMs = this.#withoutLeaseSinceMs;
    return sinceMs !== undefined && this.#options.monotonicMs() - sinceMs > this.#options.patienceMs;
  }
}
