import type { RepliesOfTurn, ReplyGate } from "../../dispatch/change-log.ts";
import type { Position } from "../agreement/ring-message.ts";

/** Above this, replies that wait for replicas let no further request of the seat in. */
const maxWaitingBytes = 64 * 1024 * 1024;
const maxWaitingTurns = 100_000;

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

/** Replies of a turn, in their place in the order. */
interface Waiting {
  /** What the replies show; undefined for those that show nothing of the seat, and only keep their place in the order. */
  readonly shown: Position | undefined;
  readonly bytes: number;
  readonly callback: (released: boolean) => void;
  /** Whether the log of the turn is safe; undefined until that is known. */
  isSafe: boolean | undefined;
}

/**
 * The replies of a primary wait until they may be seen: its lease is compared right before they are written, and with
 * cluster-acknowledgement replica its replicas have what the replies show. A pause of the process at any point is covered.
 */
export class SeatGate implements ReplyGate {
  readonly #options: SeatGateOptions;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** The present turn shows or changes data of the seat. */
  #isTouched = false;
  /** The epochs in which the requests of the present turn have come that show data: one, unless this node has served anew. */
  readonly #epochs = new Set<number>();
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

  /** Above this, replies that wait let no further request of the seat in. */
  get isFull(): boolean {
    return this.#waitingBytes > maxWaitingBytes || this.#waiting.length > maxWaitingTurns;
  }

  touch(epoch: number | undefined): void {
    this.#isTouched = true;
    if (epoch !== undefined) this.#epochs.add(epoch);
  }

  endSilently(): void {
    this.#isTouched = false;
    this.#epochs.clear();
  }

  pass(callback: (released: boolean) => void, replies: RepliesOfTurn | undefined): (safe: boolean) => void {
    const position = this.#options.position();
    const shown = this.#isTouched || replies === undefined ? position : undefined;
    const isVoid = [...this.#epochs].some((epoch) => epoch !== position?.epoch);
    // An answer in the middle of a turn does not end it.
    if (replies !== undefined) this.endSilently();
    // Data was shown by a node that is the primary no longer: nobody may see it.
    if (isVoid) return () => callback(false);
    // What shows nothing of the seat waits only behind earlier replies to the same clients.
    if (shown === undefined && (this.#waiting.length === 0 || replies?.isBehind !== true)) return callback;
    const waiting: Waiting = { shown, bytes: replies?.bytes ?? 0, callback, isSafe: undefined };
    // It has its place from now on: later replies to the same clients may not overtake it while it waits for its log.
    this.#waiting.push(waiting);
    this.#waitingBytes += waiting.bytes;
    return (safe) => {
      waiting.isSafe = safe;
      if (this.#waiting[0] === waiting) this.look();
    };
  }

  /** Releases what may be seen by now, and drops what nobody may see any more. Must be called when that may have changed. */
  look(): void {
    this.#watchLease();
    const { mayAnswer, position } = this.#options;
    for (let first = this.#waiting[0]; first?.isSafe !== undefined; first = this.#waiting[0]) {
      const { isSafe, shown } = first;
      if (!isSafe || (shown !== undefined && shown.epoch !== position()?.epoch)) this.#end(first, false);
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
