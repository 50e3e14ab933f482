import { describe, expect, test } from "bun:test";
import { propertySeed } from "../../../tools/property-seed.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, type RunningProgram, startProgram } from "../roles/program.ts";
import { type Buyer, gatherBuyers, whatAskersWereTold } from "../simulation/crowd.ts";
import { verifiedAtRest } from "./sale-on-services.ts";

const { missing, reason } = programServices;
const timeoutMs = 150_000;
const total = 150;
const limitPerUser = 5;

interface Wish extends Buyer {
  readonly quantity: number;
  /** What the buyer was told to hold. */
  units: number;
}

describe.skipIf(missing)(`reservations of several units, while roles are killed${reason}`, () => {
  test.each(["redis-server", "MyRedis"])(
    "are sold all or none, and to the last unit, with the gate on %s",
    async (gate) => {
      const random = new SeededRandom(propertySeed());
      const services = await startProgramServices();
      const { redis, ...others } = services.config;
      const noLimit = { rate_per_second: 0, burst: 1 };
      const { configFile } = configFolder({
        backend: { api_secret: testSecret },
        limits: { check_per_user: noLimit, check_per_address: noLimit },
        ...others,
        ...(gate === "redis-server" && { redis }),
      });
      const ledger = mysqlLedger(services.mysql);
      await ledger.migrate();
      const sale = { id: "spring", title: "Spring", startsAtMs: Date.now(), endsAtMs: Date.now() + 3_600_000 };
      await ledger.sales.create(sale, [{ ...testProduct, total, limitPerUser }]);
      // The embedded MyRedis is in the process that runs all roles.
      const roles = gate === "redis-server" ? ["gateway", "relay", "consumer", "sweeper"] : ["all"];
      const running = new Map<string, RunningProgram>();
      const start = async (role: string): Promise<void> =>
        void running.set(role, await startProgram(configFile, { role }));
      for (const role of roles) await start(role);
      const urlOf = (): string => (running.get("gateway") ?? running.get("all"))!.url;

      const crowd = gatherBuyers({ secret: testSecret, saleId: sale.id, productId: testProduct.id, ...sale }, 120);
      const wishes = crowd.map((buyer): Wish => ({ ...buyer, quantity: random.between(1, limitPerUser), units: 0 }));
      const buying = Promise.all(wishes.map((wish) => buy(urlOf, wish)));
      for (const role of roles.filter((role) => role !== "sweeper")) {
        await Bun.sleep(random.between(0, 150));
        await running.get(role)!.process.kill("SIGKILL");
        await start(role);
      }
      await buying;
      const held = wishes.filter(({ units }) => units > 0);
      await waitUntil(async () => unitsOf(await ledger.sales.readTotals(testProduct.id)) === total, {
        what: `${total} units to be recorded`,
        timeoutMs: 40_000,
      });
      expect(held.reduce((sum, { units }) => sum + units, 0)).toBe(total);
      for (const { reservationId, units } of held) {
        expect((await ledger.orders.read(reservationId))!.quantity).toBe(units);
      }

      const back = held.slice(0, 10);
      for (const { reservationId } of back) expect((await ledger.orders.cancel(reservationId)).kind).toBe("done");
      const freed = back.reduce((sum, { units }) => sum + units, 0);
      expect(unitsOf(await ledger.sales.readTotals(testProduct.id))).toBe(total - freed);
      await waitUntil(async () => (await ledger.returns.pending(1)).length === 0, {
        what: "the units to come back",
        timeoutMs: 40_000,
      });
      const late = gatherBuyers({ secret: testSecret, saleId: sale.id, productId: testProduct.id, ...sale }, 150).slice(
        120,
      );
      const lateWishes = late.map((buyer): Wish => ({ ...buyer, quantity: limitPerUser, units: 0 }));
      for (const wish of lateWishes) await buy(urlOf, wish);
      await waitUntil(async () => unitsOf(await ledger.sales.readTotals(testProduct.id)) === total, {
        what: "the units that came back to be sold",
        timeoutMs: 40_000,
      });
      const asked = [...wishes, ...lateWishes].map(({ token, units, reservationId }) => {
        return { token, held: units > 0 ? reservationId : undefined };
      });
      await verifiedAtRest(configFile, await whatAskersWereTold(urlOf, asked));
      for (const { process } of running.values()) await process.stop();
      await ledger.close();
      await services.stop();
    },
    timeoutMs,
  );
});

function unitsOf(totals: { readonly reserved: number; readonly sold: number } | undefined): number {
  return totals!.reserved + totals!.sold;
}

/** Asks until the answer is final; takes fewer units if fewer are left. */
async function buy(urlOf: () => string, wish: Wish): Promise<void> {
  let { quantity } = wish;
  for (let tries = 0; tries < 400; tries++) {
    const headers = { authorization: `Bearer ${wish.token}` };
    const address = `${urlOf()}/check?productID=${testProduct.id}&quantity=${quantity}`;
    const answer = await fetch(address, { method: "POST", headers }).catch(() => undefined);
    const body = (await answer?.json().catch(() => ({}))) as { error?: string; left?: number; quantity?: number };
    if (answer?.status === 202 || answer?.status === 200) {
      // A replay from the gateway's memory does not say how many.
      wish.units = body.quantity ?? quantity;
      return;
    }
    if (answer?.status === 410) return;
    if (body?.error === "too_few_left") quantity = body.left!;
    else await Bun.sleep(50);
  }
  throw new Error(`${wish.userId} got no final answer`);
}
