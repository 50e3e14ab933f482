import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { demoProductId } from "../../src/roles/demo-sale.ts";
import { TestBuyer, type JsonAnswer } from "../fakes/test-buyer.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { type GatewayProcesses, startGateways, untilRingOf } from "./gateway-processes.ts";

const redis = requireService("redis");
const newSecret = "the-new-secret-0123456789-abcdefghijklmnop";
const buyerCount = 6;
const units = 1_000_000;
const keyIdOf = (token: string): string => token.split(".")[1]!;

describe.skipIf(redis.missing)(
  `the secret is changed by restarting three gateways one after the other${redis.reason}`,
  () => {
    test("no token, session or reservation of a buyer is refused on the way, whichever gateway is asked", async () => {
      await using ring = await startGateways({
        count: 3,
        units,
        limits: { login_per_address: { rate_per_second: 0 } },
      });
      const crowd = new RotatingCrowd(ring);
      await crowd.gather();
      const firstToken = await crowd.tokenOf(0);
      const load = crowd.run();
      for (const gateway of ring.gateways) {
        ring.configure(gateway, { api_secret: newSecret, previous_api_secret: testSecret });
        const { program } = gateway;
        gateway.program = undefined;
        await program!.process.stop();
        await ring.start(gateway);
        await untilRingOf(3, ring.operationsUrls());
        await crowd.askedSome(20);
      }
      await crowd.stop();
      await load;
      expect(crowd.refusals).toEqual([]);
      // Now every gateway knows the new secret, so it signs. Signatures of the old secret are still valid.
      const lastToken = await crowd.tokenOf(0);
      expect(keyIdOf(lastToken)).not.toBe(keyIdOf(firstToken));
      for (const url of ring.urls()) {
        for (const token of [firstToken, lastToken]) {
          const headers = { authorization: `Bearer ${token}` };
          const answer = await fetch(`${url}/check?productID=${demoProductId}`, { headers });
          expect([200, 202]).toContain(answer.status);
        }
      }
    }, 90_000);
  },
);

/** Buyers that use another gateway for each step, in a loop. */
class RotatingCrowd {
  readonly refusals: string[] = [];
  readonly #ring: GatewayProcesses;
  readonly #buyers: TestBuyer[] = [];
  #turn = 0;
  #rounds = 0;
  #isOver = false;

  constructor(ring: GatewayProcesses) {
    this.#ring = ring;
  }

  async gather(): Promise<void> {
    for (let index = 0; index < buyerCount; index++) {
      const buyer = new TestBuyer(() => this.#url());
      const answer = await buyer.register(`Buyer ${index}`);
      if (answer.status !== 201) throw new Error(`not registered: ${JSON.stringify(answer.body)}`);
      this.#buyers.push(buyer);
    }
  }

  tokenOf(index: number): Promise<string> {
    return this.#buyers[index]!.token(demoProductId);
  }

  async run(): Promise<void> {
    await Promise.all(
      this.#buyers.map(async (buyer, index) => {
        while (!this.#isOver) {
          await this.#round(buyer, index);
          this.#rounds++;
        }
      }),
    );
  }

  /** Waits until this many more rounds have ended. */
  async askedSome(rounds: number): Promise<void> {
    const until = this.#rounds + rounds;
    while (this.#rounds < until) await Bun.sleep(5);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
  }

  #url(): string {
    const urls = this.#ring.urls();
    return urls[this.#turn++ % urls.length]!;
  }

  async #round(buyer: TestBuyer, index: number): Promise<void> {
    const session = await this.#send(buyer, "GET", "/api/session");
    if (session.body?.name !== `Buyer ${index}`) this.refusals.push(`session: ${JSON.stringify(session.body)}`);
    const issued = await this.#send(buyer, "POST", "/api/token", { json: { productID: demoProductId } });
    this.#expect("token", issued, [200]);
    const bearer = issued.body?.token as string;
    const checked = await this.#send(buyer, "POST", `/check?productID=${demoProductId}`, { bearer });
    this.#expect("check", checked, [200, 202]);
    const path = `/api/reservations/${checked.body?.reservation}?productID=${demoProductId}`;
    this.#expect("reservation", await this.#send(buyer, "GET", path), [200]);
  }

  #expect(what: string, { status, body }: JsonAnswer, allowed: readonly number[]): void {
    if (!allowed.includes(status)) this.refusals.push(`${what}: ${status} ${JSON.stringify(body)}`);
  }

  /** A gateway during a restart may break connections or answer 503. The next gateway is then asked. */
  async #send(buyer: TestBuyer, ...request: Parameters<TestBuyer["send"]>): Promise<JsonAnswer> {
    for (;;) {
      const answer = await buyer.send(...request).catch(() => undefined);
      if (answer !== undefined && answer.status !== 503) return answer;
      await Bun.sleep(20);
    }
  }
}
