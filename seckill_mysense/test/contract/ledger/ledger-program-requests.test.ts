import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import type { ProgramRequest } from "../../../src/ledger/program-requests.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

const request = (reservationId: string, more: Partial<ProgramRequest> = {}): ProgramRequest => ({
  reservationId,
  program: "shop",
  requestId: `order-${reservationId}`,
  saleId: "spring",
  productId: "lamp",
  userId: "shop:ada",
  quantity: 1,
  requestedAtMs: 1_700_000_000_000,
  ...more,
});

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`requests of programs on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect();
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    test("a request is kept as it first came, and every later one is answered with it", async () => {
      const first = request("one");
      expect(await ledger.programRequests.register(first)).toEqual(first);
      const later = request("one", { productId: "chair", quantity: 3, requestedAtMs: 1_800_000_000_000 });
      expect(await ledger.programRequests.register(later)).toEqual(first);
      expect(await ledger.programRequests.read("one")).toEqual(first);
      expect(await ledger.programRequests.read("two")).toBeUndefined();
    });

    test("of many at once, from several processes, one stands for all", async () => {
      const processes = [ledger, place.connect(), place.connect()];
      for (let round = 0; round < 10; round++) {
        const wanted = Array.from({ length: 30 }, (_none, index) =>
          request(`race-${round}`, { productId: `p${index}` }),
        );
        const standing = await Promise.all(
          wanted.map((one, index) => processes[index % 3]!.programRequests.register(one)),
        );
        const products = new Set(standing.map(({ productId }) => productId));
        expect(products.size).toBe(1);
        expect((await ledger.programRequests.read(`race-${round}`))!.productId).toBe([...products][0]!);
      }
    });
  });
}
