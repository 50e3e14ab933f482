import type { RoomPass } from "../../../src/authorization/room-passes.ts";
import { around, entryMs, type ParticipantOptions, solvingMs } from "./participant.ts";

/** From seeing that it is their turn to the click, and from a countdown's end to it. */
const [turnMs, clickMs, spread] = [8_000, 1_500, 0.6] as const;
const againMs = 1_000;

/** Somebody who wants a unit, and asks as the sale's page does. */
export class Person {
  readonly userId: string;
  requests = 0;
  readonly #options: ParticipantOptions;
  #pass: RoomPass | undefined;

  constructor(options: ParticipantOptions) {
    this.#options = options;
    this.userId = `person-${options.index}`;
  }

  async begin(): Promise<void> {
    const { time, shop, random, startsAtMs, opensAtMs } = this.#options;
    await shop.register(this.userId, this.userId);
    const solving = solvingMs(random);
    if (opensAtMs !== undefined) {
      return time.at(opensAtMs + random.next() * (entryMs - 20_000) + solving, () => this.#enter());
    }
    time.at(startsAtMs - random.between(20_000, 50_000) + solving, () =>
      this.#getToken(startsAtMs + around(random, clickMs, spread)),
    );
  }

  async #enter(): Promise<void> {
    const { time, shop } = this.#options;
    this.requests++;
    this.#pass = await shop.enter(this.userId);
    if (this.#pass === undefined) return time.after(againMs, () => this.#enter());
    this.#look(this.#pass);
  }

  #look(pass: RoomPass): void {
    const { time, shop, random } = this.#options;
    if (shop.isSoldOut) return;
    this.requests++;
    const view = shop.look(this.userId, pass);
    if (view?.state === "admitted") return time.after(around(random, turnMs, spread), () => this.#getToken(0));
    time.after((view?.askAgainSeconds ?? 1) * 1_000, () => this.#look(pass));
  }

  async #getToken(clickAtMs: number): Promise<void> {
    const { time, shop } = this.#options;
    this.requests++;
    const token = await shop.token(this.userId, this.#pass);
    if (token === undefined) return time.after(againMs, () => this.#getToken(clickAtMs));
    time.at(clickAtMs, () => this.#buy(token));
  }

  async #buy(token: string): Promise<void> {
    const { time, shop } = this.#options;
    this.requests++;
    if ((await shop.check(token)) === undefined) time.after(againMs, () => this.#buy(token));
  }
}
