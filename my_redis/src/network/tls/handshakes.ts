import type { InfoLine } from "../../dispatch/info-book.ts";
import type { Environment } from "../../environment.ts";
import { RareWarnings } from "./rare-warnings.ts";

/** A connection that has been accepted, and is not encrypted yet. */
export interface Handshake {
  readonly remoteAddress: string;
  /**
   * Whether the client's first message lies there as a whole, or is no message of TLS, or the client has gone: something
   * comes of beginning. True where that cannot be known.
   */
  hasSpoken(): boolean;
  /** Reads what the client has sent, and answers. `Handshakes.end` is called when it is over. */
  begin(): void;
  /** Closes the connection. */
  drop(): void;
}

/** The handshake of a client that shows no valid certificate has this reason in the log. */
export const notCertified = "no valid certificate was shown";

/**
 * So many begin before anything has come from the client, so that it need not wait for a look. Each takes a signature,
 * about half a millisecond: if all of them send their messages at once, other clients wait for this many.
 */
const mostUnseen = 64;
/** While these are used up, it is looked which of the others have spoken. */
const lookMs = 10;
/** Looks at a time. Each takes about a microsecond. */
const looksAtATime = 500;
/** Of those that have spoken, so many begin at a time. */
const spokenAtATime = 16;
/** A client speaks within this time, and a handshake that has begun ends within this time. */
const longestMs = 10_000;

export interface HandshakesOptions {
  readonly environment: Pick<Environment, "monotonicMs" | "report">;
  /** Whether one more client may connect. */
  readonly hasRoom: () => boolean;
}

/**
 * The handshakes of encrypted clients, bounded in number and in time: half-open ones cannot use up the server, and many at
 * a time do not keep it from the clients that it has.
 */
export class Handshakes {
  readonly #options: HandshakesOptions;
  /** With the times at which they connected. Those that were looked at last come last. */
  readonly #waiting = new Map<Handshake, number>();
  /** Begun before the client was known to have spoken, and after; with the times at which they began. */
  readonly #unseen = new Map<Handshake, number>();
  readonly #spoken = new Map<Handshake, number>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #isStopped = false;
  #succeeded = 0;
  #failed = 0;
  #refused = 0;
  readonly #failures: RareWarnings;

  constructor(options: HandshakesOptions) {
    this.#options = options;
    this.#failures = new RareWarnings(options.environment);
  }

  /** Connections without an end of their handshake. */
  get count(): number {
    return this.#waiting.size + this.#unseen.size + this.#spoken.size;
  }

  get infoLines(): readonly InfoLine[] {
    return [
      ["tls_handshakes_open", this.count],
      ["tls_handshakes_succeeded", this.#succeeded],
      ["tls_handshakes_failed", this.#failed],
      ["tls_handshakes_refused", this.#refused],
    ];
  }

  /** A client has connected. False: there is no room, and the caller closes the connection. */
  add(handshake: Handshake): boolean {
    if (this.#isStopped || !this.#options.hasRoom()) {
      this.#refused++;
      return false;
    }
    this.#waiting.set(handshake, this.#options.environment.monotonicMs());
    this.#timer ??= setInterval(() => this.#tick(), lookMs).unref();
    this.#goOn();
    return true;
  }

  /** The handshake has succeeded, or failed for this reason. Further calls for it do nothing. */
  end(handshake: Handshake, failure?: string): void {
    const wasThere = [this.#waiting, this.#unseen, this.#spoken].some((each) => each.delete(handshake));
    if (!wasThere) return;
    if (failure === undefined) this.#succeeded++;
    else {
      this.#failed++;
      this.#failures.warn(`the TLS handshake with ${handshake.remoteAddress} has failed: ${failure}`);
    }
    this.#goOn();
  }

  /** Closes all of them, and accepts none any more. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    for (const each of [this.#waiting, this.#unseen, this.#spoken]) {
      for (const handshake of each.keys()) handshake.drop();
      each.clear();
    }
  }

  #goOn(): void {
    for (const handshake of this.#waiting.keys()) {
      if (this.#unseen.size >= mostUnseen || this.#isStopped) return;
      this.#begin(handshake, this.#unseen);
    }
    if (this.count > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #begin(handshake: Handshake, begun: Map<Handshake, number>): void {
    this.#waiting.delete(handshake);
    begun.set(handshake, this.#options.environment.monotonicMs());
    handshake.begin();
  }

  #tick(): void {
    const nowMs = this.#options.environment.monotonicMs();
    for (const begun of [this.#unseen, this.#spoken]) this.#dropOlder(begun, nowMs - longestMs);
    this.#look(nowMs);
    this.#goOn();
  }

  /** Silent clients keep nobody out: those that have spoken begin before them. */
  #look(nowMs: number): void {
    let left = Math.min(looksAtATime, this.#waiting.size);
    let begun = 0;
    // One that is put back comes up again behind all others.
    for (const [handshake, sinceMs] of this.#waiting) {
      if (left-- === 0 || begun === spokenAtATime) return;
      if (handshake.hasSpoken()) {
        begun++;
        this.#begin(handshake, this.#spoken);
      } else if (sinceMs <= nowMs - longestMs) this.#giveUp(handshake);
      else {
        this.#waiting.delete(handshake);
        this.#waiting.set(handshake, sinceMs);
      }
    }
  }

  #dropOlder(begun: ReadonlyMap<Handshake, number>, sinceMs: number): void {
    for (const [handshake, startMs] of begun) {
      if (startMs > sinceMs) return;
      this.#giveUp(handshake);
    }
  }

  #giveUp(handshake: Handshake): void {
    this.end(handshake, "it took too long");
    handshake.drop();
  }
}
