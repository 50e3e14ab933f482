import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { testProduct } from "../fakes/test-gateway.ts";
import { programServices } from "../roles/program-services.ts";
import type { Buyer } from "../simulation/crowd.ts";
import { partsOf } from "./operations-of.ts";
import { ShopInRoles } from "./shop-in-roles.ts";

const { missing, reason } = programServices;
const timeoutMs = 180_000;
const preload = join(import.meta.dir, "shifted-clock.ts");
const { id: productId, saleId } = testProduct;
const waitingForTheStart = 20;
const askEveryMs = 100;
const gateways = ["gateway 1", "gateway 2"] as const;

/** One answer. This process has the clock of the gate's server, which is on the same machine. */
interface Answer {
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly status: number;
  readonly error: string | undefined;
}

describe.skipIf(missing)(`fault 19: processes whose clocks are off by five seconds${reason}`, () => {
  test(
    "at both edges of the sale the gate's clock decides: nobody is turned away, let in too early or told too late",
    async () => {
      await using shop = await ShopInRoles.open({});
      const offBy = (ms: number) => ({ preload, env: { TEST_CLOCK_OFF_BY_MS: String(ms) } });
      await Promise.all([
        shop.start("gateway 1", offBy(5_000)),
        shop.start("gateway 2", offBy(-5_000)),
        shop.start("relay", offBy(-5_000)),
        shop.start("consumer", offBy(5_000)),
        shop.start("sweeper", offBy(5_000)),
      ]);
      const startsAtMs = Date.now() + 4_000;
      const endsAtMs = startsAtMs + 4_000;
      await shop.addSale(saleId, { [productId]: 1_000 }, { startsAtMs, endsAtMs });
      for (const gateway of gateways) {
        const isShown = async (): Promise<boolean> =>
          (await (await fetch(`${shop.program(gateway).url}/api/sales`)).text()).includes(productId);
        await waitUntil(isShown, { what: `${gateway} to know the sale`, timeoutMs: 20_000 });
      }

      const asked = await Promise.all(gateways.map((gateway) => askFromStartToEnd(shop, gateway)));
      for (const { gateway, answers, held, buyers } of asked) {
        const wrong = answers.filter((answer) => !isTrue(answer, { startsAtMs, endsAtMs }));
        expect(wrong).toEqual([]);
        const errors = answers.map(({ error }) => error);
        expect(errors).toContain("not_started");
        expect(errors).toContain("sale_ended");
        expect(held.size).toBeGreaterThan(waitingForTheStart);
        expect(await shop.hear({ productId, buyers, held }, gateway)).toBe(held.size);
        const parts = Object.values(await partsOf(shop.program(gateway)));
        expect(parts.filter(({ status }) => status !== "ok")).toEqual([]);
      }
      await shop.untilVerified({ demandLeft: false });
    },
    timeoutMs,
  );
});

/** Whether the answer is one that the gate's clock allows. */
function isTrue(
  { askedMs, answeredMs, status, error }: Answer,
  sale: { startsAtMs: number; endsAtMs: number },
): boolean {
  if (status === 202) return answeredMs >= sale.startsAtMs && askedMs < sale.endsAtMs;
  if (error === "not_started") return askedMs < sale.startsAtMs;
  if (error === "sale_ended") return answeredMs >= sale.endsAtMs;
  return status === 503;
}

/** Some buyers ask from before the start on, and others come until one of them is told that the sale has ended. */
async function askFromStartToEnd(shop: ShopInRoles, gateway: string) {
  const { url } = shop.program(gateway);
  const buyers = shop.buyersOf(productId, 500, gateway.replace(" ", "-"));
  const answers: Answer[] = [];
  const held = new Map<Buyer, string>();
  const ask = async (buyer: Buyer): Promise<Answer> => {
    const headers = { authorization: `Bearer ${buyer.token}` };
    const askedMs = Date.now();
    const response = await fetch(`${url}/check?productID=${productId}`, { method: "POST", headers });
    const { error, reservation } = (await response.json()) as { error?: string; reservation?: string };
    const answer = { askedMs, answeredMs: Date.now(), status: response.status, error };
    answers.push(answer);
    if (reservation !== undefined) held.set(buyer, reservation);
    return answer;
  };
  const untilFinal = async (buyer: Buyer): Promise<Answer> => {
    for (;;) {
      const answer = await ask(buyer);
      if (answer.status !== 503 && answer.error !== "not_started") return answer;
      await Bun.sleep(askEveryMs);
    }
  };
  const early = buyers.slice(0, waitingForTheStart);
  await Promise.all(early.map(untilFinal));
  for (const buyer of buyers.slice(waitingForTheStart)) {
    if ((await untilFinal(buyer)).error === "sale_ended") return { gateway, buyers, answers, held };
    await Bun.sleep(askEveryMs / 4);
  }
  throw new Error(`all buyers of ${gateway} were served before the end`);
}
