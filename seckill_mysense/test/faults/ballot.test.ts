import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { sessionCookieName, Sessions } from "../../src/authorization/sessions.ts";
import type { RoomSettings } from "../../src/domain/room.ts";
import { testProduct } from "../fakes/test-gateway.ts";
import { programServices } from "../roles/program-services.ts";
import { ShopInRoles } from "./shop-in-roles.ts";

const { missing, reason } = programServices;
const timeoutMs = 240_000;
const { id: productId, saleId } = testProduct;
const roles = ["gateway", "sweeper", "relay", "consumer"];
const names = ["ada", "bob", "cyd", "dan", "eve"];
const secretOf = (day: number): string => `secret-of-day-${day}-0123456789-abcdefghijklmnopqrstuvwxyz`;
const roomPath = `/api/room?saleID=${saleId}`;
const hourMs = 3_600_000;
/** Whoever asks much more often than a page is refused, and then for longer and longer. */
const askEveryMs = 500;

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every form
type Answer = { status: number; body: any };

describe.skipIf(missing)(`a ballot over days, in roles that are killed${reason}`, () => {
  test(
    "keeps entries and receipts through restarts of all roles and two changes of the secret, and winners alone buy",
    async () => {
      await using shop = await ShopInRoles.open({});
      let day = 0;
      /** Kills all roles, and starts them with the next secret; the one before it is not known any more. */
      const restart = async (): Promise<void> => {
        if (day > 0) await Promise.all(roles.map((role) => shop.program(role).process.kill("SIGKILL")));
        const config = { backend: { api_secret: secretOf(++day) } };
        await Promise.all(roles.map((role) => shop.start(role, { config })));
      };
      const ask = async (name: string, path: string, json?: object, bearer?: string): Promise<Answer> => {
        const user = { id: `user-${name}`, name, sessionEpoch: 0 };
        const { cookie } = new Sessions([secretOf(day)], hourMs).open(user, Date.now());
        const headers = {
          ...{ cookie: `${sessionCookieName}=${cookie}`, "content-type": "application/json" },
          ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        };
        const sent = json === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(json) };
        const response = await fetch(`${shop.program("gateway").url}${path}`, sent);
        return { status: response.status, body: await response.json() };
      };
      const enter = (name: string): Promise<Answer> => ask(name, "/api/room", { saleID: saleId });
      const token = (name: string): Promise<Answer> => ask(name, "/api/token", { productID: productId });
      const buy = (name: string, bearer: string) => ask(name, `/check?productID=${productId}`, {}, bearer);
      const until = (name: string, ...states: string[]): Promise<void> =>
        waitUntil(async () => states.includes((await ask(name, roomPath)).body.state), {
          ...{ what: `${name} to be ${states.join(" or ")}`, timeoutMs: 60_000, intervalMs: askEveryMs },
        });
      const facts = ({ body: { number, receipt } }: Answer) => ({ number, receipt });
      const placesNow = async (): Promise<number[]> =>
        Promise.all(names.map(async (name) => (await ask(name, roomPath)).body.place as number));

      await restart();
      const closesAtMs = Date.now() + 20_000;
      const room: RoomSettings = {
        ...{ mode: "ballot", opensAtMs: Date.now(), closesAtMs, admitPer1000Seconds: 0, winners: 2 },
        ...{ useWithinMs: 12_000, startsOnHold: true, publicValue: { kind: "none" } },
      };
      // On hold: the windows begin when the test has seen all that is before them.
      await shop.addSale(saleId, { [productId]: 2 }, { startsAtMs: closesAtMs, endsAtMs: Date.now() + hourMs, room });
      await waitUntil(async () => (await enter("ada")).status === 200, {
        ...{ what: "the entry", timeoutMs: 15_000, intervalMs: askEveryMs },
      });
      const entered = await Promise.all(names.map(enter));
      expect(entered.map(({ body }) => body.number).toSorted()).toEqual([1, 2, 3, 4, 5]);

      await restart();
      expect((await Promise.all(names.map(enter))).map(facts)).toEqual(entered.map(facts));
      await until("ada", "won", "listed");
      const places = await placesNow();
      expect(places.toSorted()).toEqual([1, 2, 3, 4, 5]);
      await restart();
      await until("ada", "won", "listed");
      expect(await placesNow()).toEqual(places);
      expect((await Promise.all(names.map(enter))).map(facts)).toEqual(entered.map(facts));

      const [first, second, third, fourth] = [1, 2, 3, 4].map((place) => names[places.indexOf(place)]!);
      const { id: roomId } = (await shop.ledger.rooms.find(saleId))!;
      await shop.ledger.rooms.changeAdmission(roomId, { kind: "open" }, "test");
      await until(first!, "admitted");
      const bought = await buy(first!, (await token(first!)).body.token);
      expect(bought.status).toBe(202);
      // The second one gets a token, and lets it lie until the window is over.
      const kept = (await token(second!)).body.token;
      expect((await token(third!)).body.error).toBe("room_not_admitted");
      await until(second!, "expired");
      expect((await buy(second!, kept)).body.error).toBe("token_expired");
      expect((await token(second!)).body.error).toBe("room_place_expired");
      await until(third!, "admitted");
      expect((await buy(third!, (await token(third!)).body.token)).status).toBe(202);
      expect((await token(fourth!)).body.error).toBe("room_not_admitted");
      await shop.untilVerified({ demandLeft: true });
      expect((await shop.ledger.rooms.state(roomId))!).toMatchObject({ passedOn: 1, used: 3 });
    },
    timeoutMs,
  );
});
