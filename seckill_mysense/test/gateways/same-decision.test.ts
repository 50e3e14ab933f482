import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { demoProductId } from "../../src/roles/demo-sale.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { type Buyer, gatherBuyers } from "../simulation/crowd.ts";
import { askRight, ownersAt, startGateways } from "./gateway-processes.ts";

const redis = requireService("redis");
const burst = 6;
const users = 12;
/** So slow that no try is refilled while the test runs. */
const limits = { check_per_user: { rate_per_second: 0.001, burst } };

interface Answer {
  readonly status: number;
  readonly body: { readonly reservation?: string; readonly error?: string };
}

async function check(url: string, token: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/check?productID=${demoProductId}`, { headers });
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

function buyersOf(units: number): Buyer[] {
  const sale = { secret: testSecret, saleId: "demo", productId: demoProductId };
  return gatherBuyers({ ...sale, startsAtMs: Date.now() - 60_000, endsAtMs: Date.now() + 3_600_000 }, units);
}

describe.skipIf(redis.missing)(`gateway processes of one ring${redis.reason}`, () => {
  for (const count of [2, 3, 5]) {
    test(`${count} of them: a user gets one user's limit and one answer, whichever gateway is asked`, async () => {
      await using ring = await startGateways({ count, units: users, limits });
      const [urls, operationsUrls] = [ring.urls(), ring.operationsUrls()];
      const buyers = buyersOf(users + 1);
      const answers = await Promise.all(
        buyers.slice(0, users).map(async ({ token }, user) => {
          const own: Answer[] = [];
          // Each buyer starts at another gateway and then uses all of them in turn.
          for (let attempt = 0; attempt < burst + 4; attempt++) {
            own.push(await check(urls[(user + attempt) % count]!, token));
          }
          return own;
        }),
      );
      for (const [user, own] of answers.entries()) {
        const { reservationId } = buyers[user]!;
        expect(own.map(({ status }) => status)).toEqual([202, ...Array(burst - 1).fill(200), 429, 429, 429, 429]);
        expect(own.slice(0, burst).map(({ body }) => body.reservation)).toEqual(Array(burst).fill(reservationId));
        expect(own.slice(burst).map(({ body }) => body.error)).toEqual(Array(4).fill("limited"));
      }
      // Everything is sold: the last buyer is refused at each gateway, also when the refusal is repeated from memory.
      const last = buyers[users]!;
      for (const url of [...urls, ...urls].slice(0, burst)) {
        expect((await check(url, last.token)).body.error).toBe("sold_out");
      }

      const ids = buyers.map(({ userId }) => userId);
      const owners = await ownersAt(operationsUrls[0]!, ids);
      for (const url of operationsUrls) expect(await ownersAt(url, ids)).toEqual(owners);
      expect(new Set(owners).size).toBeGreaterThan(1);
      for (const url of operationsUrls) {
        const right = await askRight(url, { userID: ids[0]!, peek: true });
        expect([right.right, right.error]).toEqual([false, "limited"]);
      }
    }, 60_000);
  }

  test("one that is started without being in anybody's config.json joins, and all agree about it", async () => {
    await using ring = await startGateways({ count: 2, units: 1 });
    await using newcomer = await ring.join();
    const ids = Array.from({ length: 200 }, (_, index) => `user-${index}`);
    const owners = await ownersAt(newcomer.operationsUrl, ids);
    for (const url of ring.operationsUrls()) expect(await ownersAt(url, ids)).toEqual(owners);
    expect(owners.filter((owner) => owner === newcomer.name).length).toBeGreaterThan(200 / 3 / 2);
  }, 60_000);
});
