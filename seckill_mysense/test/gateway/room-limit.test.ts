import { describe, expect, test } from "bun:test";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { RoomShop } from "./room-shop.ts";

const room = { rate_per_second: 1, burst: 3 };
const open = (limits: Record<string, unknown>) => RoomShop.open({}, { limits });

describe("the limit of a waiting room", () => {
  test("counts entries and questions of one user, and nothing else", async () => {
    await using shop = await open({ room_per_user: room });
    const [ada] = await shop.entered(1);
    for (let index = 0; index < 2; index++) expect((await shop.read(ada!)).status).toBe(200);
    const refused = await shop.enter(ada!);
    expect([refused.status, refused.body.error, refused.headers.get("retry-after")]).toEqual([429, "limited", "2"]);
    // Whoever asks too often about the room can still get what it waits for.
    await shop.goTo(shop.startsAtMs);
    await shop.goTo(shop.startsAtMs + 100);
    for (let index = 0; index < 5; index++) await shop.read(ada!);
    expect((await shop.read(ada!)).status).toBe(429);
    expect((await shop.token(ada!)).status).toBe(200);
  });

  test("grows for whoever goes on, up to half a minute, and lets in whoever waits", async () => {
    await using shop = await open({ room_per_user: room });
    const [bot] = await shop.entered(1);
    let waitSeconds = 0;
    for (let index = 0; index < 50; index++) {
      waitSeconds = Number((await shop.read(bot!)).headers.get("retry-after") ?? 0);
    }
    expect(waitSeconds).toBe(30);
    await shop.goTo(shop.nowMs + waitSeconds * 1_000);
    expect((await shop.read(bot!)).status).toBe(200);
  });

  test("goes by the pass where there is no session, and refuses before the query is read", async () => {
    await using shop = await open({ room_per_user: room });
    const [ada] = await shop.entered(1);
    const headers = { "x-room-pass": (await shop.read(ada!)).body.pass as string };
    const ask = (query: string) => new TestBuyer(shop.url).send("GET", `/api/room?${query}`, { headers });
    for (let index = 0; index < 3; index++) expect((await ask(`saleID=${shop.saleId}`)).status).toBe(200);
    expect((await ask("")).status).toBe(429);
    expect((await new TestBuyer(shop.url).send("GET", "/api/room")).status).toBe(400);
  });

  test("by default eight open pages stay within it", async () => {
    await using shop = await RoomShop.open({}, { limits: { room_per_user: {} } });
    const [ada] = await shop.entered(1);
    // A page asks every two seconds at most.
    for (let seconds = 0; seconds < 120; seconds += 2) {
      await shop.goTo(shop.nowMs + 2_000);
      for (let page = 0; page < 8; page++) expect((await shop.read(ada!)).status).toBe(200);
    }
  });
});
