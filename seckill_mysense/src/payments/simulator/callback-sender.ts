import { backoffMs } from "../../time/backoff.ts";
import { pause } from "../../time/pause.ts";
import { signatureHeader, signCallback } from "../callback-signature.ts";
import type { SimulatedCallback } from "../simulator-messages.ts";

export interface CallbackSenderOptions {
  readonly callbackUrl: () => string;
  readonly secret: string;
  readonly now: () => number;
  readonly timeoutMs: number;
}

const backoff = { firstMs: 100, maxMs: 5_000 };
const maxTries = 40;
/** Requests at a time, as a real provider would send them. */
const maxConcurrent = 64;

/** Sends callbacks until they are taken, with growing pauses. Each try has a signature of its own time. */
export class CallbackSender {
  readonly counts = { sent: 0, failedTries: 0, abandoned: 0 };
  readonly #options: CallbackSenderOptions;
  readonly #stopping = new AbortController();
  readonly #held: SimulatedCallback[] = [];
  #waiting: SimulatedCallback[] = [];
  #running = 0;

  constructor(options: CallbackSenderOptions) {
    this.#options = options;
  }

  get held(): number {
    return this.#held.length;
  }

  /** Callbacks that are on their way. */
  get unsent(): number {
    return this.#waiting.length + this.#running;
  }

  /** The simulator's limit of payments bounds what is held. */
  hold(callbacks: readonly SimulatedCallback[]): void {
    this.#held.push(...callbacks);
  }

  /** Sends all callbacks that were held, at once. Returns their number. */
  release(): number {
    const held = this.#held.splice(0);
    this.send(held);
    return held.length;
  }

  send(callbacks: readonly SimulatedCallback[], delayMs = 0): void {
    if (delayMs > 0) {
      void pause(delayMs, this.#stopping.signal).then(() => this.send(callbacks));
      return;
    }
    for (const callback of callbacks) this.#waiting.push(callback);
    while (this.#running < maxConcurrent && this.#waiting.length > 0) void this.#work();
  }

  stop(): void {
    this.#stopping.abort();
    this.#waiting = [];
  }

  async #work(): Promise<void> {
    this.#running++;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) await this.#deliver(next);
    this.#running--;
  }

  async #deliver(callback: SimulatedCallback): Promise<void> {
    for (let tries = 1; tries <= maxTries && !this.#stopping.signal.aborted; tries++) {
      if (await this.#post(JSON.stringify(callback))) {
        this.counts.sent++;
        return;
      }
      this.counts.failedTries++;
      await pause(backoffMs(tries, backoff), this.#stopping.signal);
    }
    this.counts.abandoned++;
  }

  async #post(body: string): Promise<boolean> {
    const { callbackUrl, secret, now, timeoutMs } = this.#options;
    try {
      const response = await fetch(callbackUrl(), {
        method: "POST",
        headers: {
          "content-type": "application/json",
          [signatureHeader]: signCallback(body, { secret, nowMs: now() }),
        },
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }
}
