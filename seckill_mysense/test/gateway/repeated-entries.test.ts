import { describe, expect, test } from "bun:test";
import { type Entered, RepeatedEntries } from "../../src/gateway/repeated-entries.ts";
import { RoomShop } from "./room-shop.ts";

const entered = (roomId: number, number: number): Entered => ({
  pass: { roomId, number, pseudonym: "p", enteredAtMs: 1, isUsed: false },
  receipt: { format: "fair-draw/receipt/1", rules: "", number, pseudonym: "", time: 1, signature: "" },
});

describe("entries that are remembered", () => {
  test("are those that were used last, for each room", () => {
    const entries = new RepeatedEntries(2);
    entries.add("ada", entered(1, 1));
    entries.add("bob", entered(1, 2));
    expect(entries.get(1, "ada")?.pass.number).toBe(1);
    entries.add("cleo", entered(1, 3));
    expect(["ada", "bob", "cleo"].map((user) => entries.get(1, user)?.pass.number)).toEqual([1, undefined, 3]);
    expect(entries.get(2, "ada")).toBeUndefined();
  });

  test("answer whoever enters again and again as the ledger does, and without it", async () => {
    await using shop = await RoomShop.open();
    const [ada, bob] = await shop.entered(2);
    // The gateway reads that the two are there.
    await shop.goTo(shop.opensAtMs);
    const first = (await shop.enter(ada!)).body;
    shop.shop.ledger.failure = new Error("the ledger was asked");
    const again = await shop.enter(ada!);
    expect([again.status, again.body]).toEqual([200, first]);
    expect(again.body.number).toBe(1);
    // This one has come only once: the ledger is asked.
    expect((await shop.enter(bob!)).body.error).toBe("internal");
  });
});
