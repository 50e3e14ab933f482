import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { silentLogger } from "../../src/logging/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { NewDeadLetter } from "../../src/ledger/dead-letters.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { DeadLetters } from "../../src/orders/dead-letters.ts";
import { encodeReservation } from "../../src/queue/reservation-codec.ts";
import { accept, createSale } from "../contract/ledger/ledger-fixtures.ts";

describe("dead letters", () => {
  let ledger: Ledger;
  let deadLetters: DeadLetters;

  beforeEach(async () => {
    ledger = sqliteLedger({ file: ":memory:" });
    await ledger.migrate();
    const { orders, deadLetters: letters } = ledger;
    deadLetters = new DeadLetters({ letters, orders, windows: { payWithinMs: 60_000 }, logger: silentLogger });
  });
  afterEach(() => ledger.close());

  const unreadable: Omit<NewDeadLetter, "body"> = {
    reason: "unreadable",
    detail: "it is no reservation message",
    reservationId: undefined,
    productId: undefined,
    userId: undefined,
  };
  const keep = async (body: Uint8Array, letter: Partial<NewDeadLetter> = {}): Promise<string> => {
    await ledger.deadLetters.keep({ ...unreadable, body, ...letter });
    return (await deadLetters.list("waiting"))[0]!.id;
  };

  test("a replayed letter is recorded once, also when two operators replay it, and it says who did it", async () => {
    const { product } = await createSale(ledger);
    const reservation = accept(product);
    const id = await keep(encodeReservation(reservation), { reason: "newer_version" });
    const results = await Promise.all([deadLetters.replay(id, "ada"), deadLetters.replay(id, "bob")]);
    expect(results.map(({ kind }) => kind).toSorted()).toEqual(["already", "done"]);
    expect(await ledger.sales.readTotals(product.id)).toMatchObject({ reserved: 1 });
    expect(await deadLetters.list("waiting")).toEqual([]);
    const letter = await deadLetters.read(id);
    expect(letter).toMatchObject({ state: "replayed", outcome: expect.stringContaining("recorded") });
    expect(["ada", "bob"]).toContain(letter!.settledBy!);
    expect(await deadLetters.replay(id, "cyd")).toMatchObject({
      kind: "already",
      letter: { settledBy: letter!.settledBy },
    });
  });

  test("a discarded letter rejects its reservation and gives the unit back", async () => {
    const { product } = await createSale(ledger);
    const reservation = accept(product);
    const id = await keep(encodeReservation(reservation), { reason: "newer_version" });
    expect(await deadLetters.discard(id, "ada")).toEqual({
      kind: "done",
      outcome: "the reservation was rejected (discarded), and its buyer is told so",
    });
    expect(await ledger.orders.readRejection(reservation.reservationId)).toBe("discarded");
    expect(await ledger.returns.pending(10)).toMatchObject([{ reservationId: reservation.reservationId }]);
    expect(await deadLetters.read(id)).toMatchObject({ state: "discarded", settledBy: "ada" });
  });

  test("discarding leaves an order as it is", async () => {
    const { product } = await createSale(ledger);
    const reservation = accept(product);
    await ledger.orders.record([reservation], { payWithinMs: 60_000 });
    const id = await keep(encodeReservation(reservation));
    const outcome = "nothing to do: the reservation has an order (reserved)";
    expect(await deadLetters.discard(id, "ada")).toEqual({ kind: "done", outcome });
    expect(await ledger.returns.pending(10)).toEqual([]);
  });

  test("a reservation that was rejected is not replayed: its buyer has been told", async () => {
    const { product } = await createSale(ledger);
    const reservation = accept(product);
    await ledger.orders.reject([reservation]);
    const id = await keep(encodeReservation(reservation), { reason: "refused_value" });
    const result = await deadLetters.replay(id, "ada");
    expect(result).toMatchObject({ kind: "refused", why: expect.stringContaining("was rejected (malformed)") });
    expect(await deadLetters.read(id)).toMatchObject({ state: "waiting" });
  });

  test("what cannot be read is not replayed, and can be discarded", async () => {
    const id = await keep(Buffer.from("{ not json"));
    expect(await deadLetters.replay(id, "ada")).toMatchObject({ kind: "refused" });
    const outcome = "nothing to do: the message names no reservation";
    expect(await deadLetters.discard(id, "ada")).toEqual({ kind: "done", outcome });
    expect(await deadLetters.discard("0".repeat(32), "ada")).toEqual({ kind: "not_found" });
  });

  test("of a huge message the beginning and the size are kept", async () => {
    const body = Buffer.alloc(100_000, "x");
    const id = await keep(body);
    const letter = await deadLetters.read(id);
    expect(letter).toMatchObject({ bodyBytes: 100_000 });
    expect(letter!.body).toHaveLength(65_536);
  });
});
