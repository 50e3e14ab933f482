import { describe, expect, test } from "bun:test";
import { RoomService } from "../../src/rooms/room-service.ts";
import { testProduct } from "../fakes/test-gateway.ts";
import { BallotShop, judgedAfterMs, windowMs } from "../gateway/ballot-shop.ts";

describe("attacks on a ballot", () => {
  test("no token for a loser before the pass-on, for a winner before or after its window, or for a stranger", async () => {
    await using shop = await BallotShop.open();
    const { room, startsAtMs } = shop;
    const [winner, idle, loser] = await shop.drawn(3);
    const errorOf = async (buyer = winner!) => (await room.token(buyer)).body.error;
    const stranger = await room.buyer("stranger");
    for (const atMs of [shop.closesAtMs + 1, startsAtMs - 1]) {
      await room.goTo(atMs);
      expect(await Promise.all([winner, loser, stranger].map(errorOf))).toEqual([
        ...["room_not_admitted", "room_not_admitted", "room_required"],
      ]);
    }
    await room.goTo(startsAtMs + windowMs - 1);
    expect(await errorOf(winner)).toBeUndefined();
    expect(await errorOf(loser)).toBe("room_not_admitted");
    await room.goTo(startsAtMs + windowMs);
    expect(await Promise.all([winner, idle].map(errorOf))).toEqual(["room_place_expired", "room_place_expired"]);
    expect(await errorOf(loser)).toBe("room_not_admitted");
    await room.goTo(startsAtMs + judgedAfterMs);
    expect(await errorOf(loser)).toBeUndefined();
    expect(await errorOf(winner)).toBe("room_place_expired");
  });

  test("a token that was kept from the window buys nothing after it", async () => {
    await using shop = await BallotShop.open();
    const { room, startsAtMs } = shop;
    const [winner, second] = await shop.drawn(3);
    await room.goTo(startsAtMs + windowMs - 1);
    const { token, expiresAtMs } = (await room.token(winner!)).body;
    const kept = (await room.token(second!)).body.token;
    expect(expiresAtMs).toBe(startsAtMs + windowMs);
    expect((await winner!.check(testProduct.id, token)).status).toBe(202);
    await room.goTo(startsAtMs + windowMs);
    const answer = await second!.check(testProduct.id, kept);
    expect([answer.status, answer.body.error]).toEqual([401, "token_expired"]);
  });

  test("no bundle, and no place in a waiting list, for losers and after the window", async () => {
    await using shop = await BallotShop.open();
    const { room, startsAtMs } = shop;
    const [winner, , loser] = await shop.drawn(3);
    const products = [{ productID: testProduct.id }, { productID: "speaker" }];
    const bundle = (buyer = winner!) => buyer.send("POST", "/api/token", { json: { products } });
    const wait = (buyer = winner!) => buyer.send("POST", "/api/waiting-list", { json: { productID: "speaker" } });
    await room.goTo(startsAtMs);
    expect((await bundle(loser)).body.error).toBe("room_not_admitted");
    expect((await wait(loser)).body.error).toBe("room_not_admitted");
    expect((await bundle(winner)).status).toBe(200);
    expect((await wait(winner)).body.error).toBe("units_left");
    await room.goTo(startsAtMs + windowMs);
    expect((await bundle(winner)).body.error).toBe("room_place_expired");
    // In other modes somebody who has used the place may wait later, too. Here the place goes to the next one.
    expect((await wait(winner)).body.error).toBe("room_place_expired");
  });

  test("one user has one entry, also at the moment of the closing, and a late one is refused by the ledger's clock", async () => {
    await using shop = await BallotShop.open();
    const { room } = shop;
    const [first] = await room.entered(2);
    await room.goTo(shop.closesAtMs - 1);
    const both = await Promise.all([room.enter(first!), room.enter(first!), room.enter(await room.buyer("third"))]);
    expect(both.map(({ body }) => body.number)).toEqual([1, 1, 3]);
    await room.goTo(shop.closesAtMs);
    const late = await room.buyer("late");
    const answers = await Promise.all([room.enter(late), room.enter(late), room.enter(first!)]);
    expect(answers.map(({ status }) => status)).toEqual([410, 410, 200]);
  });

  test("an operator cannot give a ballot a rate", async () => {
    await using shop = await BallotShop.open();
    const { rooms } = shop.room.shop.ledger;

    const changed = new RoomService({ rooms }).change(shop.room.saleId, { kind: "rate", per1000Seconds: 1 }, "ada");
    expect(changed).rejects.toThrow("a ballot has no rate");
  });
});
