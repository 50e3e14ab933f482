import { expect, test } from "bun:test";
import type { RoomSettings } from "../../src/domain/room.ts";
import { copiedLedger } from "../fakes/copied-ledger.ts";
import type { TestBuyer } from "../fakes/test-buyer.ts";
import { RoomShop } from "./room-shop.ts";

const queue = { mode: "queue", closesAtMs: undefined } as const;

/** A shop whose rooms can be put back to a copy of before, while its gateway runs on: the users stay logged in. */
async function openShop(changes: Partial<RoomSettings> = {}) {
  const { ledgerFile, ...ledger } = copiedLedger(["rooms", "room_entries", "room_steps", "room_uses"]);
  return { shop: await RoomShop.open(changes, { ledgerFile }), ...ledger };
}

const tokenOf = async (shop: RoomShop, buyer: TestBuyer): Promise<string> => {
  const { status, body } = await shop.token(buyer);
  return status === 200 ? "token" : (body.error as string);
};

async function tellsOfFallBack(shop: RoomShop): Promise<boolean> {
  const health = await (await fetch(`${shop.shop.operationsUrl}/readyz`)).text();
  return health.includes("the ledger fell back to an older state: entries of the room of sale spring are gone");
}

test("two people never share a place: whose entry is gone enters again", async () => {
  const { shop, copy, putBack } = await openShop(queue);
  await using _ = shop;
  await shop.entered(1);
  copy();
  const [lost, next, last] = [await shop.buyer("lost"), await shop.buyer("next"), await shop.buyer("last")];
  expect((await shop.enter(lost)).body.number).toBe(2);
  putBack();
  expect((await shop.enter(next)).body.number).toBe(2);
  expect((await shop.enter(last)).body.number).toBe(3);
  await shop.goTo(shop.startsAtMs);
  await shop.goTo(shop.startsAtMs + 300);
  // By what its pass says it would be its turn.
  expect(["room_unavailable", "room_required"]).toContain(await tokenOf(shop, lost));
  expect(await tokenOf(shop, lost)).toBe("room_required");
  expect((await shop.read(lost)).body.state).toBe("open");
  expect(await tokenOf(shop, next)).toBe("token");
  expect((await shop.enter(lost)).body).toMatchObject({ number: 4, state: "waiting" });
  await shop.goTo(shop.startsAtMs + 400);
  expect([await tokenOf(shop, lost), await tokenOf(shop, last)]).toEqual(["token", "token"]);
  // From now on the gateway compares passes with the ledger. While it is away, they are what is known.
  shop.shop.ledger.failure = new Error("the ledger is away");
  expect((await shop.read(next)).body).toMatchObject({ place: 2, state: "used" });
  shop.shop.ledger.failure = undefined;
  expect(await tellsOfFallBack(shop)).toBe(true);
});

test("a number that a gateway remembered is told no more: whoever was lost gets a new one", async () => {
  const { shop, copy, putBack } = await openShop(queue);
  await using _ = shop;
  await shop.entered(1);
  copy();
  const [lost, next] = [await shop.buyer("lost"), await shop.buyer("next")];
  expect((await shop.enter(lost)).body.number).toBe(2);
  await shop.goTo(shop.opensAtMs + 1);
  // The second time the gateway remembers it.
  for (let index = 0; index < 3; index++) expect((await shop.enter(lost)).body.number).toBe(2);
  putBack();
  expect((await shop.enter(next)).body.number).toBe(2);
  await shop.goTo(shop.opensAtMs + 2);
  expect((await shop.enter(lost)).body.number).toBe(3);
  expect((await shop.enter(next)).body.number).toBe(2);
});

test("a draw that is held again gives each one the place of the new draw", async () => {
  const { shop, copy, putBack } = await openShop();
  await using _ = shop;
  const early = await shop.entered(6);
  copy();
  const lost = await shop.buyer("lost");
  expect((await shop.enter(lost)).body.number).toBe(7);
  await shop.goTo(shop.startsAtMs);
  // So that the gateway has computed the places of the first draw.
  await shop.goTo(shop.startsAtMs);
  expect((await shop.read(lost)).body.place).toBeWithin(1, 8);
  putBack();
  await shop.goTo(shop.startsAtMs + 1);
  const late = await shop.buyer("late");
  expect((await shop.enter(late)).body.number).toBe(7);
  await shop.goTo(shop.startsAtMs + 2);
  await shop.goTo(shop.startsAtMs + 3);
  const places = await Promise.all(early.map(async (buyer) => (await shop.read(buyer)).body.place as number));
  expect(places.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
  await shop.goTo(shop.startsAtMs + 2_000);
  expect(await tokenOf(shop, lost)).not.toBe("token");
  for (const buyer of [...early, late]) expect(await tokenOf(shop, buyer)).toBe("token");
  expect((await shop.shop.ledger.rooms.state(1))!.used).toBe(7);
});

test("steps of the admission that are gone decide nothing any more", async () => {
  const { shop, copy, putBack } = await openShop(queue);
  await using _ = shop;
  const [first] = await shop.entered(1);
  await shop.goTo(shop.startsAtMs);
  copy();
  const { rooms } = shop.shop.ledger;
  await rooms.changeAdmission(1, { kind: "hold" }, "test");
  await shop.goTo(shop.startsAtMs);
  expect((await shop.read(first!)).body).toMatchObject({ onHold: true });
  putBack();
  await shop.goTo(shop.startsAtMs + 150);
  expect((await shop.read(first!)).body).toMatchObject({ state: "admitted", onHold: false });
  expect(await tokenOf(shop, first!)).toBe("token");
});

test("a gateway notices by itself that the line is shorter, is another one, or that a change is gone", async () => {
  for (const lost of ["an entry", "the same number", "a change"]) {
    const { shop, copy, putBack } = await openShop(queue);
    await using _ = shop;
    await shop.entered(1);
    copy();
    const { ledger, gateway } = shop.shop;
    if (lost === "a change") await ledger.rooms.changeAdmission(1, { kind: "hold" }, "test");
    else await shop.enter(await shop.buyer("lost"));
    await gateway.rooms.read();
    expect([lost, await tellsOfFallBack(shop)]).toEqual([lost, false]);
    putBack();
    if (lost === "the same number") await shop.enter(await shop.buyer("next"));
    await gateway.rooms.read();
    expect([lost, await tellsOfFallBack(shop)]).toEqual([lost, true]);
  }
});
