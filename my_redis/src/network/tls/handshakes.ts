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
/** After this time it must make room for others that wait. */
const fairMs = 1000;
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
    return this.#waiting.size + this.#begun.size;
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
    if (!this.#waiting.delete(handshake) && !this.#begun.delete(handshake)) return;
    if (failure === undefined) this.#succeeded++;
    else this.#noteFailure(handshake, failure);
    this.#goOn();
  }

  /** Closes all of them, and accepts none any more. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    const all = [...this.#waiting.keys(), ...this.#begun.keys()];
    this.#waiting.clear();
    this.#begun.clear();
    for (const handshake of all) handshake.drop();
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
    const limitMs = this.#waiting.size > 0 ? fairMs : longestMs;
    this.#dropOlder(this.#begun, nowMs - limitMs, "it took too long");
    this.#dropOlder(this.#waiting, nowMs - longestWaitMs, "too many others were before it");
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
