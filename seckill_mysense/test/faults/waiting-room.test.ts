import { describe, expect, test } from "bun:test";
import { parseAnnouncement, parseReceipt, parseSignedHead, type Receipt, verifyDraw } from "fair-draw";
import { join } from "node:path";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { sessionCookieName, Sessions } from "../../src/authorization/sessions.ts";
import type { RoomSettings } from "../../src/domain/room.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices } from "../roles/program-services.ts";
import { ShopInRoles } from "./shop-in-roles.ts";

const { missing, reason } = programServices;
const timeoutMs = 180_000;
const preload = join(import.meta.dir, "shifted-clock.ts");
const { id: productId, saleId } = testProduct;
const visitors = 60;
const perSecond = 20;
const askEveryMs = 100;

interface Visitor {
  readonly cookie: string;
  readonly receipts: Receipt[];
  places: Set<number>;
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every form
type Answer = { status: number; body: any };

describe.skipIf(missing)(`a waiting room over gateways of which one is killed and one joins${reason}`, () => {
  test(
    "nobody loses a place, nobody has two, the rate holds by the ledger's clock, and the draw can be checked",
    async () => {
      await using shop = await ShopInRoles.open({});
      const offBy = (ms: number) => ({ preload, env: { TEST_CLOCK_OFF_BY_MS: String(ms) } });
      await Promise.all([
        ...[shop.start("gateway 1", offBy(5_000)), shop.start("gateway 2", offBy(-5_000)), shop.start("gateway 3")],
        ...[shop.start("sweeper", offBy(5_000)), shop.start("relay"), shop.start("consumer")],
      ]);
      let alive = ["gateway 1", "gateway 2", "gateway 3"];
      const ask = async (gateway: string, visitor: Visitor, path: string, body?: object): Promise<Answer> => {
        const headers = { cookie: visitor.cookie, "content-type": "application/json" };
        const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
        const response = await fetch(`${shop.program(gateway).url}${path}`, { headers, ...sent });
        const text = await response.text();
        return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
      };
      /** At one gateway after the other until one answers so. */
      const until = async (
        visitor: Visitor,
        path: string,
        isWanted: (answer: Answer) => boolean,
        body?: object,
      ): Promise<Answer & { readonly answeredMs: number }> => {
        for (let index = visitor.cookie.length; ; index++) {
          const answer = await ask(alive[index % alive.length]!, visitor, path, body).catch(() => undefined);
          if (answer !== undefined && isWanted(answer)) return { ...answer, answeredMs: Date.now() };
          await Bun.sleep(askEveryMs);
        }
      };

      const nowMs = Date.now();
      const [opensAtMs, closesAtMs] = [nowMs + 3_000, nowMs + 8_000];
      const room: RoomSettings = {
        ...{ mode: "draw", opensAtMs, closesAtMs, admitPer1000Seconds: perSecond * 1_000, useWithinMs: 60_000 },
        ...{ startsOnHold: false, publicValue: { kind: "none" } },
      };
      await shop.addSale(saleId, { [productId]: 1_000 }, { startsAtMs: closesAtMs, endsAtMs: nowMs + 600_000, room });
      const sessions = new Sessions([testSecret], 3_600_000);
      const people = Array.from({ length: visitors }, (_, index): Visitor => {
        const user = { id: `visitor-${index}`, name: `visitor ${index}`, sessionEpoch: 0 };
        const { cookie } = sessions.open(user, nowMs);
        return { cookie: `${sessionCookieName}=${cookie}`, receipts: [], places: new Set() };
      });
      const enter = async (visitor: Visitor): Promise<void> => {
        const { body } = await until(visitor, "/api/room", ({ status }) => status === 200, { saleID: saleId });
        visitor.receipts.push(parseReceipt(body.receipt));
      };

      // While the entry is open one gateway is killed, another one joins, and everybody asks twice.
      const entering = Promise.all(
        people.slice(0, visitors - 5).map(async (visitor, index) => {
          await Bun.sleep(opensAtMs + index * 30 - Date.now());
          await Promise.all([enter(visitor), enter(visitor)]);
        }),
      );
      await waitUntil(() => Date.now() > opensAtMs + 300, { what: "the entry to open", timeoutMs: 20_000 });
      await shop.program("gateway 2").process.kill("SIGKILL");
      alive = ["gateway 1", "gateway 3"];
      await shop.start("gateway 4");
      alive.push("gateway 4");
      await entering;
      await waitUntil(() => Date.now() > closesAtMs, { what: "the closing", timeoutMs: 20_000 });
      await Promise.all(people.slice(visitors - 5).map(enter));
      const { body: heads } = await until(
        people[0]!,
        `/api/room/heads?saleID=${saleId}`,
        ({ body }) => body.announcement,
      );

      // Everybody comes in turn, and sees the same place wherever it asks.
      const roomPath = `/api/room?saleID=${saleId}`;
      const served = await Promise.all(
        people.map(async (visitor) => {
          for (const gateway of alive) {
            const asked = (): Promise<Answer> => ask(gateway, visitor, roomPath);
            let answer = await asked();
            while (answer.body.place === undefined) {
              await Bun.sleep(askEveryMs);
              answer = await asked();
            }
            visitor.places.add(answer.body.place);
          }
          const token = await until(visitor, "/api/token", ({ status }) => status === 200, { productID: productId });
          return { place: [...visitor.places][0]!, answeredMs: token.answeredMs };
        }),
      );
      const { beginsAtMs } = (await ask("gateway 1", people[0]!, roomPath)).body;
      expect(beginsAtMs).toBeGreaterThanOrEqual(closesAtMs);
      expect(people.every(({ places }) => places.size === 1)).toBe(true);
      const inOrder = served.map(({ place }) => place).toSorted((a, b) => a - b);
      expect(inOrder).toEqual(Array.from({ length: visitors }, (_, index) => index + 1));
      for (const { place, answeredMs } of served) {
        expect(place).toBeLessThanOrEqual(((answeredMs - beginsAtMs) * perSecond) / 1_000);
      }

      for (const gateway of alive) {
        const url = `${shop.program(gateway).url}/api/room/disclosure?saleID=${saleId}`;
        const receipts = people.map((visitor) => visitor.receipts[0]!);
        const kept = {
          receipts,
          announcement: parseAnnouncement(heads.announcement),
          heads: heads.heads.map((head: unknown) => parseSignedHead(head)),
        };
        const report = await verifyDraw((await fetch(url)).body!, { kept });
        expect(report.checks.filter(({ outcome }) => outcome === "failed")).toEqual([]);
        const early = receipts.filter(({ time }) => time < closesAtMs).length;
        expect(early).toBeGreaterThan(1);
        expect(early).toBeLessThanOrEqual(visitors - 5);
        expect(report).toMatchObject({ verdict: "ok", entries: visitors, drawn: early });
        const drawn = report.receipts.filter(({ number }) => number <= early);
        for (const { number, place } of drawn) {
          const index = receipts.findIndex((receipt) => receipt.number === number);
          expect([number, served[index]!.place]).toEqual([number, place!]);
        }
      }
      expect(people.every(({ receipts }) => new Set(receipts.map(({ number }) => number)).size === 1)).toBe(true);
    },
    timeoutMs,
  );
});
