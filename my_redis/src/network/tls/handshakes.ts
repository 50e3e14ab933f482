import type { InfoLine } from "../../dispatch/info-book.ts";
import type { Environment } from "../../environment.ts";

/** A connection that has been accepted, and is not encrypted yet. */
export interface Handshake {
  readonly remoteAddress: string;
  /** Reads what the client has sent, and answers. `Handshakes.end` is called when it is over. */
  begin(): void;
  /** Closes the connection. */
  drop(): void;
}

/** The handshake of a client that shows no valid certificate has this reason in the log. */
export const notCertified = "no valid certificate was shown";

/**
 * So many run at the same time. Each takes a signature, about half a millisecond: if all of them send their messages at
 * once, other clients wait for this many.
 */
const mostAtATime = 64;
/** A handshake ends within this time. */
const longestMs = 10_000;
/** After this time it counts as slow, and another one begins in its place. */
const fairMs = 1000;
/** Of more slow ones than this the oldest is closed. */
const mostSlow = 256;
/** An accepted connection waits so long for its handshake. */
const longestWaitMs = 60_000;
const tickMs = 200;
/** Failures are one line of the log in this time. */
const logPauseMs = 10_000;

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
  /** In the order in which they connected, with the times. */
  readonly #waiting = new Map<Handshake, number>();
  readonly #begun = new Map<Handshake, number>();
  readonly #slow = new Map<Handshake, number>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #isStopped = false;
  #succeeded = 0;
  #failed = 0;
  #refused = 0;
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  #unlogged = 0;

  constructor(options: HandshakesOptions) {
    this.#options = options;
  }

  /** Connections without an end of their handshake. */
  get count(): number {
    return this.#waiting.size + this.#begun.size + this.#slow.size;
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
    this.#timer ??= setInterval(() => this.#tick(), tickMs).unref();
    this.#goOn();
    return true;
  }

  /** The handshake has succeeded, or failed for this reason. Further calls for it do nothing. */
  end(handshake: Handshake, failure?: string): void {
    const wasThere = [this.#waiting, this.#begun, this.#slow].some((each) => each.delete(handshake));
    if (!wasThere) return;
    if (failure === undefined) this.#succeeded++;
    else this.#noteFailure(handshake, failure);
    this.#goOn();
  }

  /** Closes all of them, and accepts none any more. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    for (const each of [this.#waiting, this.#begun, this.#slow]) {
      for (const handshake of each.keys()) handshake.drop();
      each.clear();
    }
  }

  #goOn(): void {
    for (const handshake of this.#waiting.keys()) {
      if (this.#begun.size >= mostAtATime || this.#isStopped) return;
      this.#waiting.delete(handshake);
      this.#begun.set(handshake, this.#options.environment.monotonicMs());
      handshake.begin();
    }
    if (this.count > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const nowMs = this.#options.environment.monotonicMs();
    for (const [handshake, startMs] of this.#begun) {
      if (startMs > nowMs - fairMs) break;
      this.#begun.delete(handshake);
      this.#slow.set(handshake, startMs);
    }
    this.#dropOlder(this.#slow, nowMs - longestMs, "it took too long");
    for (const handshake of [...this.#slow.keys()].slice(0, -mostSlow)) {
      this.end(handshake, "too many others are as slow");
      handshake.drop();
    }
    this.#dropOlder(this.#waiting, nowMs - longestWaitMs, "too many others were before it");
    this.#goOn();
  }

  #dropOlder(handshakes: ReadonlyMap<Handshake, number>, sinceMs: number, reason: string): void {
    for (const [handshake, startMs] of [...handshakes]) {
      if (startMs > sinceMs) return;
      this.end(handshake, reason);
      handshake.drop();
    }
  }

  #noteFailure({ remoteAddress }: Handshake, reason: string): void {
    const { environment } = this.#options;
    this.#failed++;
    const nowMs = environment.monotonicMs();
    if (nowMs - this.#loggedAtMs < logPauseMs) {
      this.#unlogged++;
      return;
    }
    const others = this.#unlogged === 0 ? "" : ` (${this.#unlogged} others have failed since the last such message)`;
    environment.report("warning", `the TLS handshake with ${remoteAddress} has failed: ${reason}${others}`);
    this.#loggedAtMs = nowMs;
    this.#unlogged = 0;
  }
}
