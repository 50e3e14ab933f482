import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import type { RoomSettings } from "../../src/domain/room.ts";
import { testProduct } from "../fakes/test-gateway.ts";
import { programServices } from "../roles/program-services.ts";
import { ShopInRoles } from "./shop-in-roles.ts";

const { missing, reason } = programServices;
const timeoutMs = 300_000;
const { id: productId, saleId } = testProduct;
const rateRange = { least: 10_000, most: 40_000 };

describe.skipIf(missing)(`a room whose rate follows the load of the checkout${reason}`, () => {
  test(
    "admits fewer while the gate does not answer, and while nobody records, and as many as before afterwards",
    async () => {
      await using shop = await ShopInRoles.open({});
      const { line, config } = await shop.lineTo("redis");
      const nowMs = Date.now();
      const room: RoomSettings = {
        ...{ mode: "queue", opensAtMs: nowMs - 2_000, closesAtMs: undefined, admitPer1000Seconds: rateRange.least },
        ...{ rateRange, useWithinMs: 60_000, startsOnHold: false, publicValue: { kind: "none" } },
      };
      await shop.addSale(
        saleId,
        { [productId]: 100 },
        { startsAtMs: nowMs - 1_000, endsAtMs: nowMs + 3_600_000, room },
      );
      await Promise.all([
        ...[shop.start("gateway", { config }), shop.start("sweeper"), shop.start("relay"), shop.start("consumer")],
      ]);
      const { id: roomId } = (await shop.ledger.rooms.find(saleId))!;
      const rate = async (): Promise<number> => (await shop.ledger.rooms.state(roomId))!.per1000Seconds;
      const until = (what: string, isSo: (rate: number) => boolean): Promise<void> =>
        waitUntil(async () => isSo(await rate()), { what, timeoutMs: 60_000 });

      /** It may fall once more before it rises: what failed meanwhile is told a second later. */
      const untilItRises = async (what: string): Promise<void> => {
        let lowest = Infinity;
        await until(what, (now) => {
          lowest = Math.min(lowest, now);
          return now > lowest;
        });
      };

      // Buyers ask all the time: whoever has a unit is told by the gate that it has.
      const checkUrl = `${shop.program("gateway").url}/check?productID=${productId}`;
      const leaving = new AbortController();
      using _ = { [Symbol.dispose]: () => leaving.abort() };
      const asking = shop.buyersOf(productId, 5, "buyer").map(async ({ token }) => {
        while (!leaving.signal.aborted) {
          await fetch(checkUrl, { method: "POST", headers: { authorization: `Bearer ${token}` } }).catch(
            () => undefined,
          );
          await Bun.sleep(100);
        }
      });
      await until("the rate to rise to its most", (now) => now === rateRange.most);
      line.holdAnswers();
      await until("the rate to fall with the gate", (now) => now < rateRange.most * 0.75);
      line.releaseAnswers();
      await untilItRises("the rate to come back with the gate");

      await shop.program("consumer").process.kill("SIGSTOP");
      const before = await rate();
      await until("the rate to fall with the consumer", (now) => now < before * 0.8);
      await shop.program("consumer").process.kill("SIGCONT");
      await untilItRises("the rate to come back with the consumer");
      leaving.abort();
      await Promise.all(asking);
      const history = await shop.ledger.changes.history(saleId, 10);
      expect(history.filter(({ action }) => action.startsWith("room"))).toEqual([]);
    },
    timeoutMs,
  );
});
