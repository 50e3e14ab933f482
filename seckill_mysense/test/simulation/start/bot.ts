import type { RoomPass } from "../../../src/authorization/room-passes.ts";
import { type ParticipantOptions, solvingMs } from "./participant.ts";

/** It solves this many times as fast as a person. */
const timesFaster = 100;
/** Bursts of requests that come where a person sends one. */
const bursts = 10;
const networkMs = 20;

export interface BotOptions extends ParticipantOptions {
  readonly timesAsOften: number;
}

/** An account of a machine, with a verified identity of its own. */
export class Bot {
  readonly userId: string;
  requests = 0;
  readonly #options: BotOptions;
  /** Requests that it sends at once. */
  readonly #burst: number;
  #isBuying = false;

  constructor(options: BotOptions) {
    this.#options = options;
    this.#burst = options.timesAsOften / bursts;
    this.userId = `bot-${options.index}`;
  }

  async begin(): Promise<void> {
    const { time, shop, random, startsAtMs, opensAtMs } = this.#options;
    const { userId } = this;
    if (!(await shop.register(userId, userId))) throw new Error(`${userId} has no account`);
    // A second account for the same identity.
    if (await shop.register(`${userId}-again`, userId)) throw new Error(`${userId} has two accounts`);
    const delayMs = solvingMs(random) / timesFaster + random.next() * networkMs;
    if (opensAtMs !== undefined) return time.at(opensAtMs + delayMs, () => this.#enter(bursts));
    time.at(startsAtMs - 60_000 + delayMs, async () => {
      const token = await this.#ask(() => shop.token(userId, undefined));
      time.at(startsAtMs + random.next() * networkMs, () => this.#buy(token!));
    });
  }

  /**
   * Sends some requests, until one is refused: each refusal makes the pause longer, and the best that a machine can do is to
   * ask as often as it may. Resolves with the first answer that is one.
   */
  async #ask<Answer>(ask: () => Promise<Answer | undefined>): Promise<Answer | undefined> {
    let first: Answer | undefined;
    for (let index = 0; index < this.#burst; index++) {
      this.requests++;
      const answer = await ask();
      if (answer === undefined) break;
      first ??= answer;
    }
    return first;
  }

  /** Not before the limits have asked it to come back. */
  #after(delayMs: number, action: () => Promise<void> | void): void {
    const { time, shop } = this.#options;
    time.after(Math.max(delayMs, shop.waitMsOf(this.userId)), action);
  }

  async #enter(left: number): Promise<void> {
    const { shop } = this.#options;
    const pass = await this.#ask(() => shop.enter(this.userId));
    if (pass !== undefined && left === bursts) await this.#look(pass);
    if (left > 1 || pass === undefined) this.#after(1_000, () => this.#enter(pass === undefined ? left : left - 1));
  }

  #look(pass: RoomPass): Promise<void> | void {
    const { shop } = this.#options;
    if (shop.isSoldOut || this.#isBuying) return undefined;
    let askAgainSeconds = 1;
    for (let index = 0; index < this.#burst; index++) {
      this.requests++;
      const view = shop.look(this.userId, pass);
      if (view === undefined) break;
      if (view.state === "admitted") return this.#getToken(pass);
      askAgainSeconds = view.askAgainSeconds ?? askAgainSeconds;
    }
    this.#after((askAgainSeconds * 1_000) / bursts, () => this.#look(pass));
  }

  async #getToken(pass: RoomPass): Promise<void> {
    const { time, shop } = this.#options;
    this.#isBuying = true;
    const token = await this.#ask(() => shop.token(this.userId, pass));
    this.#isBuying = token !== undefined;
    if (token === undefined) this.#after(100, () => this.#look(pass));
    else time.after(networkMs, () => this.#buy(token));
  }

  async #buy(token: string): Promise<void> {
    const { shop } = this.#options;
    if ((await this.#ask(() => shop.check(token))) === undefined) this.#after(100, () => this.#buy(token));
  }
}
