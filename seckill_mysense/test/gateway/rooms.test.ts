import { describe, expect, test } from "bun:test";
import { parseReceipt, parseRules, receiptProblem, signedHeadProblem, parseSignedHead, verifyDraw } from "fair-draw";
import { testProduct } from "../fakes/test-gateway.ts";
import { RoomShop } from "./room-shop.ts";

describe("a waiting room at a gateway", () => {
  test("lets people in from its opening on, each with one number and a receipt that binds the shop", async () => {
    await using shop = await RoomShop.open();
    const ada = await shop.buyer("Ada");
    const early = await shop.enter(ada);
    expect([early.status, early.body]).toMatchObject([425, { error: "room_not_open", opensAtMs: shop.opensAtMs }]);
    expect((await shop.read(ada)).body).toMatchObject({ state: "before", entries: 0 });
    await shop.goTo(shop.opensAtMs);
    expect((await shop.read(ada)).body.state).toBe("open");
    const first = await shop.enter(ada);
    expect([first.status, first.body]).toMatchObject([200, { state: "entered", number: 1, entries: 1 }]);
    const bob = await shop.buyer("Bob");
    expect((await shop.enter(bob)).body.number).toBe(2);
    expect((await shop.enter(ada)).body).toEqual(first.body);
    const { rules, hash } = (await ada.send("GET", `/api/room/rules?saleID=${shop.saleId}`)).body;
    const parsed = parseRules(rules);
    expect(receiptProblem(parsed, Buffer.from(hash, "hex"), parseReceipt(first.body.receipt))).toBeUndefined();
    await shop.goTo(shop.opensAtMs + 1);
    const { heads } = (await ada.send("GET", `/api/room/heads?saleID=${shop.saleId}`)).body;
    expect(heads.at(-1).number).toBe(2);
    expect(signedHeadProblem(parsed, Buffer.from(hash, "hex"), parseSignedHead(heads.at(-1)))).toBeUndefined();
  });

  test("draws who is there, puts later ones behind, and admits them by the rate", async () => {
    await using shop = await RoomShop.open();
    const early = await shop.entered(8);
    await shop.goTo(shop.startsAtMs);
    const late = await shop.buyer("late");
    expect((await shop.enter(late)).body).toMatchObject({ number: 9 });
    await shop.goTo(shop.startsAtMs);
    const places = await Promise.all(early.map(async (buyer) => (await shop.read(buyer)).body.place as number));
    expect(places.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await shop.read(late)).body).toMatchObject({ state: "waiting", place: 9, waitSeconds: 0.9, admitted: 0 });
    const first = early[places.indexOf(1)]!;
    expect((await shop.token(first)).body).toMatchObject({ error: "room_not_admitted" });
    await shop.goTo(shop.startsAtMs + 100);
    expect((await shop.read(first)).body).toMatchObject({ state: "admitted", untilMs: shop.startsAtMs + 60_100 });
    expect((await shop.token(early[places.indexOf(2)]!)).status).toBe(425);
    expect((await shop.token(first)).status).toBe(200);
    expect((await shop.read(first)).body.state).toBe("used");
    await shop.goTo(shop.startsAtMs + 900);
    expect((await shop.token(late)).status).toBe(200);
  });

  test("tells the same place by pass, by session and after a new login", async () => {
    await using shop = await RoomShop.open({ mode: "queue", closesAtMs: undefined });
    const [, second] = await shop.entered(2);
    const { pass } = (await shop.read(second!)).body;
    await shop.goTo(shop.startsAtMs);
    const { status, body } = await shop.read(second!, { "x-room-pass": pass });
    expect([status, body]).toMatchObject([200, { place: 2, state: "waiting" }]);
    second!.forgetCookie("seckill_room");
    expect((await shop.read(second!)).body).toMatchObject({ place: 2, number: 2 });
    second!.forgetCookie("seckill_session");
    expect((await shop.read(second!, { "x-room-pass": pass })).body).toMatchObject({ place: 2 });
  });

  test("lets a place go that was not used in time, and admits the next one for it", async () => {
    await using shop = await RoomShop.open({
      ...{ mode: "queue", closesAtMs: undefined, admitPer1000Seconds: 1_000, useWithinMs: 2_000 },
    });
    const [first, , , , fifth] = await shop.entered(6);
    await shop.goTo(shop.startsAtMs + 50);
    const beganAtMs = shop.nowMs;
    await shop.goTo(beganAtMs + 3_000);
    expect((await shop.read(first!)).body.state).toBe("expired");
    expect((await shop.token(first!)).body.error).toBe("room_place_expired");
    // Place 1 went to the fourth one, whom the clock had not admitted yet.
    await shop.goTo(beganAtMs + 4_000);
    expect((await shop.token(fifth!)).status).toBe(200);
  });

  test("tells those who have entered by events, until it is their turn", async () => {
    await using shop = await RoomShop.open({ mode: "queue", closesAtMs: undefined, admitPer1000Seconds: 10_000 });
    const [first, second] = await shop.entered(2);
    const stranger = await shop.buyer("stranger");
    const path = `/api/room/events?saleID=${shop.saleId}`;
    expect((await stranger.send("GET", path)).body.error).toBe("room_required");
    await shop.goTo(shop.startsAtMs);
    await using told = await second!.events(path);
    expect(await told.next()).toMatchObject({ state: "waiting", place: 2, admitted: 0 });
    await shop.goTo(shop.startsAtMs + 100);
    expect(await told.next()).toMatchObject({ state: "waiting", admitted: 1 });
    await shop.goTo(shop.startsAtMs + 200);
    expect(await told.next()).toMatchObject({ state: "admitted", place: 2 });
    expect(await told.next()).toBeUndefined();
    // For the first one it is its turn already: one event, and the end.
    await using once = await first!.events(path);
    expect(await once.next()).toMatchObject({ state: "admitted" });
    expect(await once.next()).toBeUndefined();
  });

  test("tells who comes late no window that was over before, also until the gateway has read the new entry", async () => {
    await using shop = await RoomShop.open({
      ...{ mode: "queue", closesAtMs: undefined, admitPer1000Seconds: 1_000, useWithinMs: 2_000 },
    });
    await shop.entered(1);
    await shop.goTo(shop.startsAtMs);
    const beganAtMs = shop.nowMs;
    await shop.goTo(beganAtMs + 30_000);
    const late = await shop.buyer("late");
    const entered = (await shop.enter(late)).body;
    expect(entered).toMatchObject({ state: "waiting", place: 2, askAgainSeconds: 2 });
    expect((await shop.read(late)).body).toMatchObject({ state: "waiting", place: 2 });
    expect((await shop.token(late)).body.error).toBe("room_not_admitted");
    await shop.goTo(beganAtMs + 31_000);
    expect((await shop.read(late)).body).toMatchObject({ state: "admitted", untilMs: beganAtMs + 33_000 });
    expect((await shop.token(late)).status).toBe(200);
  });

  test("tells that a place was used also to a device whose pass is from before", async () => {
    await using shop = await RoomShop.open({
      ...{ mode: "queue", closesAtMs: undefined, admitPer1000Seconds: 1_000, useWithinMs: 2_000 },
    });
    const [first] = await shop.entered(1);
    const { pass } = (await shop.read(first!)).body;
    await shop.goTo(shop.startsAtMs);
    await shop.goTo(shop.startsAtMs + 1_000);
    expect((await shop.token(first!)).status).toBe(200);
    await shop.goTo(shop.startsAtMs + 60_000);
    first!.forgetCookie("seckill_room");
    const wait = { json: { productID: testProduct.id }, headers: { "x-room-pass": pass } };
    expect((await first!.send("POST", "/api/waiting-list", wait)).body.error).toBe("units_left");
    shop.shop.ledger.failure = new Error("the ledger is away");
    expect((await shop.read(first!, { "x-room-pass": pass })).body.state).toBe("expired");
    shop.shop.ledger.failure = undefined;
    expect((await shop.read(first!, { "x-room-pass": pass })).body.state).toBe("used");
  });

  test("waits on hold, and tells no time", async () => {
    await using shop = await RoomShop.open({ mode: "queue", closesAtMs: undefined, startsOnHold: true });
    const [first] = await shop.entered(1);
    await shop.goTo(shop.startsAtMs + 100);
    const held = (await shop.read(first!)).body;
    expect(held).toMatchObject({ state: "waiting", onHold: true });
    expect(held.waitSeconds).toBeUndefined();
    const room = (await shop.shop.ledger.rooms.find(shop.saleId))!;
    await shop.shop.ledger.rooms.changeAdmission(room.id, { kind: "open" }, "test");
    await shop.goTo(shop.nowMs + 100);
    expect((await shop.token(first!)).status).toBe(200);
  });

  test("answers from memory, so that polls cost the ledger nothing", async () => {
    await using shop = await RoomShop.open();
    const [first] = await shop.entered(3);
    await shop.goTo(shop.startsAtMs + 100);
    const { pass } = (await shop.read(first!)).body;
    shop.shop.ledger.failure = new Error("the ledger was asked");
    first!.forgetCookie("seckill_session");
    expect((await shop.read(first!, { "x-room-pass": pass })).body).toMatchObject({ number: 1 });
    expect((await shop.read(first!, { "x-room-pass": `${pass.slice(0, -1)}x` })).body.number).toBeUndefined();
    shop.shop.ledger.failure = undefined;
  });

  test("is shown with the sale, and is not there for another sale", async () => {
    await using shop = await RoomShop.open();
    const ada = await shop.buyer("Ada");
    const { sale } = (await ada.send("GET", `/api/sales/${shop.saleId}`)).body;
    expect(sale.room).toEqual({ mode: "draw", opensAtMs: shop.opensAtMs, closesAtMs: shop.startsAtMs });
    expect((await ada.send("GET", "/api/room?saleID=other")).body.error).toBe("room_not_found");
    expect((await ada.send("GET", `/api/room/disclosure?saleID=${shop.saleId}`)).body.error).toBe("room_not_drawn");
  });

  test("lets anybody check its draw when the sale is over, and tells no places any more", async () => {
    await using shop = await RoomShop.open();
    const [first] = await shop.entered(5);
    const { receipt } = (await shop.enter(first!)).body;
    await shop.goTo(shop.startsAtMs);
    const { place } = (await shop.read(first!)).body;
    await shop.shop.ledger.changes.change(shop.saleId, { kind: "cancel" }, { actor: "test" });
    await shop.shop.gateway.catalogue.refresh();
    await shop.goTo(shop.startsAtMs + 2_000);
    expect((await shop.read(first!)).body.error).toBe("sale_ended");
    await shop.goTo(shop.startsAtMs + 24 * 3_600_000);
    const answer = await fetch(`${shop.url}/api/room/disclosure?saleID=${shop.saleId}`);
    const report = await verifyDraw(answer.body!, { kept: { receipts: [parseReceipt(receipt)] } });
    expect(report).toMatchObject({ verdict: "ok", entries: 5, drawn: 5, receipts: [{ number: 1, place }] });
    const metrics = await (await fetch(`${shop.shop.operationsUrl}/metrics`)).text();
    expect(metrics).toContain("seckill_room_places_bytes 0\n");
    expect(metrics).toContain("seckill_room_entries 5\n");
  });

  test("gives its draw to a few at a time, and to the next ones after those who did not read it", async () => {
    await using shop = await RoomShop.open({}, { backend: { trusted_proxies: ["127.0.0.1"] } });
    await shop.entered(2);
    await shop.goTo(shop.startsAtMs);
    const url = `${shop.url}/api/room/disclosure?saleID=${shop.saleId}`;
    for (let index = 0; index < 5; index++) expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
    const { rooms } = shop.shop.ledger;
    const read = rooms.entries.bind(rooms);
    const { promise: mayRead, resolve: letRead } = Promise.withResolvers<void>();
    let readers = 0;
    rooms.entries = (...asked) => {
      if (++readers > 4) letRead();
      return mayRead.then(() => read(...asked));
    };
    const answers = Array.from({ length: 6 }, (_, index) =>
      fetch(url, { headers: { "x-forwarded-for": `192.0.2.${index}` } }),
    );
    const first = await Promise.race(answers);
    letRead();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect([first.status, statuses.toSorted()]).toEqual([503, [200, 200, 200, 200, 503, 503]]);
    const report = await verifyDraw((await fetch(url)).body!);
    expect(report).toMatchObject({ verdict: "ok", entries: 2 });
  });

  test("is left out where there are more than the limit, and then lets nobody through", async () => {
    await using shop = await RoomShop.open({}, { limits: { rooms: 1 } });
    const { ledger } = shop.shop;
    const { sale, products } = (await ledger.changes.read(shop.saleId))!;
    const later = { ...sale, id: "later", endsAtMs: sale.endsAtMs + 1_000 };
    await ledger.sales.create(later, [{ ...products[0]!, id: "later", saleId: "later" }]);
    await shop.goTo(shop.opensAtMs);
    await shop.shop.gateway.catalogue.refresh();
    const ada = await shop.buyer("Ada");
    expect((await shop.enter(ada)).status).toBe(200);
    for (const [path, json] of [
      ["/api/room", { saleID: "later" }],
      ["/api/token", { productID: "later" }],
    ] as const) {
      expect((await ada.send("POST", path, { json })).body.error).toBe("room_unavailable");
    }
    const metrics = await (await fetch(`${shop.shop.operationsUrl}/metrics`)).text();
    expect(metrics).toContain("seckill_rooms_left_out 1\n");
  });

  test("holds no more than its limit", async () => {
    await using shop = await RoomShop.open({}, { limits: { room_visitors: 1 } });
    await shop.entered(1);
    expect((await shop.enter(await shop.buyer("second"))).body.error).toBe("room_full");
  });
});
