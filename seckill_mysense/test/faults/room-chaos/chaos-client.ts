import type { SeededRandom } from "../../../../tools/seeded-random.ts";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { sessionCookieName, Sessions } from "../../../src/authorization/sessions.ts";
import { testSecret } from "../../fakes/test-gateway.ts";
import type { ChaosShop } from "./chaos-shop.ts";
import type { Moments } from "./told.ts";

export const askEveryMs = 100;
/** For a machine that has much else to do: no rule depends on it. */
export const patienceMs = 120_000;

export interface Asked extends Moments {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of every form
  readonly body: any;
}

interface Question {
  readonly path: string;
  readonly body?: object;
  readonly bearer?: string;
}

/** Somebody with a session, who asks now this gateway and now that one. */
export class ChaosClient {
  readonly name: string;
  readonly #shop: Pick<ChaosShop, "urls">;
  readonly #cookie: string;
  readonly #random: SeededRandom;

  constructor(name: string, shop: Pick<ChaosShop, "urls">, random: SeededRandom) {
    this.name = name;
    this.#shop = shop;
    this.#random = random;
    const { cookie } = new Sessions([testSecret], 3_600_000).open({ id: name, name, sessionEpoch: 0 }, Date.now());
    this.#cookie = `${sessionCookieName}=${cookie}`;
  }

  /** Asks until somebody answers with 200. */
  async until(question: Question): Promise<Asked> {
    let answer: Asked | undefined;
    await waitUntil(
      async () => {
        answer = await this.ask(question);
        return answer?.status === 200;
      },
      { what: `an answer to ${question.path}`, timeoutMs: patienceMs, intervalMs: askEveryMs },
    );
    return answer!;
  }

  /** One question to some gateway; undefined if it did not answer. */
  async ask({ path, body, bearer }: Question): Promise<Asked | undefined> {
    const urls = this.#shop.urls();
    if (urls.length === 0) return undefined;
    const right = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const headers = { cookie: this.#cookie, "content-type": "application/json", ...right };
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const askedMs = Date.now();
    try {
      const response = await fetch(`${this.#random.pick(urls)}${path}`, { headers, ...sent });
      const answered = (await response.json()) as object;
      return { status: response.status, body: answered, askedMs, answeredMs: Date.now() };
    } catch {
      return undefined;
    }
  }
}
