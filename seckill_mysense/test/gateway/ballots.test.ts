import { describe, expect, test } from "bun:test";
import { parseReceipt, verifyDraw } from "fair-draw";
import { BallotShop, judgedAfterMs, windowMs } from "./ballot-shop.ts";

describe("a ballot at a gateway", () => {
  test("tells who entered, who has won and until when, who is on the list, and who comes next", async () => {
    await using shop = await BallotShop.open();
    const { room, startsAtMs } = shop;
    const visitor = await room.buyer("visitor");
    expect((await room.read(visitor)).body).toMatchObject({ mode: "ballot", winners: 2, state: "before" });
    const order = await shop.drawn(5);
    expect((await room.read(visitor)).body.state).toBe("closed");
    const late = await room.enter(visitor);
    expect([late.status, late.body.error]).toEqual([410, "room_closed"]);
    const views = await Promise.all(order.map(async (buyer) => (await room.read(buyer)).body));
    expect(views.map(({ state }) => state)).toEqual(["won", "won", "listed", "listed", "listed"]);
    expect(views[0]).toMatchObject({ beginsAtMs: startsAtMs, untilMs: startsAtMs + windowMs });
    expect(views[2]).toMatchObject({ place: 3, winners: 2, admitted: 0 });
    expect((await room.token(order[0]!)).body.error).toBe("room_not_admitted");

    await room.goTo(startsAtMs);
    const admitted = { state: "admitted", untilMs: startsAtMs + windowMs };
    expect((await room.read(order[0]!)).body).toMatchObject(admitted);
    expect((await room.token(order[0]!)).status).toBe(200);
    await shop.order(order[0]!);
    // A token alone does not use the place up, and its owner sees how long it may buy.
    expect((await room.token(order[1]!)).status).toBe(200);
    expect((await room.read(order[1]!)).body).toMatchObject(admitted);

    await room.goTo(startsAtMs + windowMs);
    expect((await room.read(order[1]!)).body.state).toBe("expired");
    expect((await room.read(order[2]!)).body.state).toBe("listed");
    await room.goTo(startsAtMs + judgedAfterMs);
    const secondMs = room.nowMs;
    expect((await room.read(order[2]!)).body).toMatchObject({ state: "admitted", untilMs: secondMs + windowMs });
    expect((await room.read(order[3]!)).body).toMatchObject({ state: "listed", admitted: 3 });
    expect((await room.token(order[2]!)).status).toBe(200);
  });

  test("can be checked by anybody, with the number of winners in its rules", async () => {
    await using shop = await BallotShop.open();
    const order = await shop.drawn(4);
    const { receipt } = (await shop.room.enter(order[2]!)).body;
    const answer = await fetch(`${shop.room.url}/api/room/disclosure?saleID=${shop.room.saleId}`);
    const report = await verifyDraw(answer.body!, { kept: { receipts: [parseReceipt(receipt)] } });
    expect(report).toMatchObject({ verdict: "ok", entries: 4, drawn: 4, receipts: [{ place: 3 }] });
    const { rules } = (await order[0]!.send("GET", `/api/room/rules?saleID=${shop.room.saleId}`)).body;
    expect(rules).toMatchObject({ mode: "draw", winners: 2 });
  });

  test("tells a winner whose session is over, and who logs in again, the same place", async () => {
    await using shop = await BallotShop.open();
    const [winner] = await shop.drawn(3);
    const before = (await shop.room.enter(winner!)).body;
    for (const name of ["seckill_session", "seckill_room"]) winner!.forgetCookie(name);
    expect((await shop.room.read(winner!)).body.state).toBe("closed");
    const { rooms } = shop.room.shop.ledger;
    const name = `visitor-${before.number}`;
    await winner!.send("POST", "/api/session", { json: { name, password: "correct horse battery" } });
    const after = (await shop.room.enter(winner!)).body;
    expect(after).toEqual(before);
    expect((await rooms.state(1))!.line.entries).toBe(3);
  });
});
