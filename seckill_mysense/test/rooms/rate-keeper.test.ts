import { describe, expect, test } from "bun:test";
import type { CheckoutLoad } from "../../src/domain/admission-rate.ts";
import { HealthBoard } from "../../src/health/health-board.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { startRateKeeper } from "../../src/rooms/rate-keeper.ts";
import { queueRoom, openRoom, startsAtMs } from "../contract/ledger/room-fixtures.ts";
import { openTestLedger } from "../fakes/test-ledger.ts";

const rateRange = { least: 1_000, most: 50_000 };
const well: CheckoutLoad = { delayMs: 10, failedShare: 0 };
const slow: CheckoutLoad = { delayMs: 9_000, failedShare: 0 };

async function open() {
  const clock = { nowMs: startsAtMs };
  const ledger = await openTestLedger(() => clock.nowMs);
  const room = await openRoom(ledger, { ...queueRoom, admitPer1000Seconds: rateRange.least, rateRange });
  await ledger.rooms.beginQueue(room.id);
  const lines: object[] = [];
  const health = new HealthBoard({ logger: silentLogger, now: () => clock.nowMs });
  let load = well;
  const keeper = () =>
    startRateKeeper({
      ...{ rooms: ledger.rooms, load: async () => load, health: health.part("rates"), intervalMs: 3_600_000 },
      ...{ now: () => clock.nowMs, elapsedMs: () => clock.nowMs },
      logger: { ...silentLogger, info: (message: string, fields?: object) => void lines.push({ message, ...fields }) },
    });
  return {
    ...{ clock, ledger, room, lines, health, keeper },
    setLoad: (now: CheckoutLoad) => void (load = now),
    rate: async () => (await ledger.rooms.state(room.id))!.per1000Seconds,
  };
}

describe("the keeper of rates", () => {
  test("lets the rate rise while the checkout keeps up, fall while it does not, and come back, in steps of the ledger", async () => {
    const shop = await open();
    const keeper = shop.keeper();
    const go = async (seconds: number): Promise<number> => {
      for (let second = 0; second < seconds; second++) {
        shop.clock.nowMs += 1_000;
        await keeper.round();
      }
      return shop.rate();
    };
    expect(await go(60)).toBe(rateRange.most);
    shop.setLoad(slow);
    expect(await go(5)).toBe(35_000);
    expect(await go(180)).toBe(rateRange.least);
    expect(shop.health.parts.find(({ name }) => name === "rates")).toMatchObject({
      ...{
        status: "degraded",
        reason: expect.stringContaining("admits no more than its least: a purchase takes 9.0 s"),
      },
    });
    shop.setLoad(well);
    expect(await go(600)).toBe(rateRange.most);
    expect(shop.health.parts.find(({ name }) => name === "rates")!.status).toBe("ok");
    expect(shop.lines[0]).toMatchObject({ message: "the rate of admission follows the load", from: 1, to: 1.5 });
    expect(shop.lines).toContainEqual(expect.objectContaining({ from: 50, to: 35, reason: expect.any(String) }));
    // Not in the log of the sale: these are many, and no merchant's.
    expect(await shop.ledger.changes.history(shop.room.saleId, 100)).toEqual([]);
    const steps = await shop.ledger.rooms.steps(shop.room.id, 0);
    expect(steps.at(-1)!.per1000Seconds).toBe(rateRange.most);
    await keeper.stop();
    await shop.ledger.close();
  });

  test("moves a rate once, however many keepers there are", async () => {
    const shop = await open();
    const keepers = [shop.keeper(), shop.keeper(), shop.keeper()];
    for (let second = 0; second < 6; second++) {
      shop.clock.nowMs += 1_000;
      await Promise.all(keepers.map((keeper) => keeper.round()));
    }
    expect([await shop.rate(), shop.lines.length]).toEqual([1_500, 1]);
    await Promise.all(keepers.map((keeper) => keeper.stop()));
    await shop.ledger.close();
  });

  test("leaves a rate alone that an operator has fixed, and a room on hold; and goes on within a new range", async () => {
    const shop = await open();
    const { rooms } = shop.ledger;
    const keeper = shop.keeper();
    const go = async (): Promise<number> => {
      for (let second = 0; second < 20; second++) {
        shop.clock.nowMs += 1_000;
        await keeper.round();
      }
      return shop.rate();
    };
    await rooms.changeAdmission(shop.room.id, { kind: "rate", per1000Seconds: 7_000 }, "ada");
    expect(await go()).toBe(7_000);
    await rooms.changeAdmission(shop.room.id, { kind: "rate range", rateRange: { least: 8_000, most: 9_000 } }, "ada");
    expect(await shop.rate()).toBe(8_000);
    expect(await go()).toBe(9_000);
    await rooms.changeAdmission(shop.room.id, { kind: "hold" }, "ada");
    shop.setLoad(slow);
    expect(await go()).toBe(9_000);
    expect(await rooms.moveRate(shop.room.id, { from: 9_000, to: 10_000 })).toBe(false);
    expect(await rooms.moveRate(shop.room.id, { from: 8_500, to: 8_600 })).toBe(false);
    const history = await shop.ledger.changes.history(shop.room.saleId, 10);
    expect(history.map(({ action }) => action)).toEqual(["room hold", "room rate range", "room rate"]);
    await keeper.stop();
    await shop.ledger.close();
  });
});
