import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "kysely";
import type { OpenDatabase } from "../../../src/ledger/database/ledger-database.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { acceptMany, createSale, payWithinMs, recordOrders } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

/** SQLite has one lock for the whole file, so these tests are about MySQL alone. */
const mysql = ledgerKinds.find(({ name }) => name === "MySQL")!;

describe.skipIf(mysql.skipped !== "")(`a rush of payments on MySQL${mysql.skipped}`, () => {
  let place: LedgerPlace;
  let ledger: Ledger;
  let other: OpenDatabase;

  beforeAll(async () => {
    place = await mysql.create();
    ledger = place.connect();
    await ledger.migrate();
    other = place.open();
  });
  afterAll(async () => {
    await other?.close();
    await place?.remove();
  });

  /** Holds a row's lock, as a slow or frozen process would, until the result is called. */
  async function hold(table: "products" | "orders", column: string, id: string): Promise<() => Promise<void>> {
    const held = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const holding = other.kysely.transaction().execute(async (transaction) => {
      const lock = sql`select 1 from ${sql.table(table)} where ${sql.ref(column)} = ${id} for update`;
      await lock.execute(transaction);
      held.resolve();
      await release.promise;
    });
    await held.promise;
    return async () => {
      release.resolve();
      await holding;
    };
  }

  test("a payment does not wait for its product's row", async () => {
    const { product, orders } = await recordOrders(ledger, 3);
    const release = await hold("products", "id", product.id);
    const paid = await Promise.all(orders.map(({ reservationId }) => ledger.orders.pay(reservationId, Date.now())));
    await release();
    expect(paid.map(({ kind }) => kind)).toEqual(["done", "done", "done"]);
    expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 10, reserved: 0, sold: 3 });
  });

  for (const action of ["pay", "cancel"] as const) {
    test(`calls that ${action} leave connections to reads, however many of them wait`, async () => {
      const { product } = await createSale(ledger, { total: 100 });
      const orders = acceptMany(product, 100);
      await ledger.orders.record(orders, { payWithinMs });
      const ids = orders.map(({ reservationId }) => reservationId);
      const release = await (action === "pay"
        ? hold("orders", "reservation_id", ids[0]!)
        : hold("products", "id", product.id));
      const outcomes: string[] = [];
      const calls = ids.map(async (id) => outcomes.push((await ledger.orders[action](id, Date.now())).kind));
      // The calls now wait for the lock. A read that gets no connection would wait with them.
      const read = await Promise.race([ledger.orders.read(ids[1]!), Promise.race(calls)]);
      expect(read).toMatchObject({ reservationId: ids[1]! });
      expect(outcomes.length).toBeLessThan(ids.length);
      await release();
      await Promise.all(calls);
      expect(new Set(outcomes)).toEqual(new Set(["done"]));
    });
  }
});
