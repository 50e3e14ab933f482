import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "kysely";
import {
  freshMysqlDatabase,
  requireService,
  waitUntil,
  type DedicatedMysqlDatabase,
} from "../../../tools/test-services/index.ts";
import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import type { SaleProduct } from "../../src/domain/sale.ts";
import { openMysqlDatabase } from "../../src/ledger/database/mysql-database.ts";
import { LedgerUnavailableError } from "../../src/ledger/ledger-errors.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { defaultMysqlLimits, mysqlLedger, type MysqlLedgerOptions } from "../../src/ledger/mysql-ledger.ts";
import { renderReport } from "../../src/verify/verification-report.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";
import { acceptMany, createSale, makeProduct, makeSale, payWithinMs } from "../contract/ledger/ledger-fixtures.ts";
import { FaultyProxy } from "../fakes/faulty-proxy.ts";

const mariadb = requireService("mariadb");

describe.skipIf(mariadb.missing)(`a ledger whose MySQL fails${mariadb.reason}`, () => {
  let database: DedicatedMysqlDatabase;
  let ledger: Ledger;
  const opened: Ledger[] = [];
  const connect = (options: Partial<MysqlLedgerOptions> = {}): Ledger => {
    opened.push(mysqlLedger({ ...database, poolSize: 4, ...options }));
    return opened.at(-1) as Ledger;
  };

  beforeAll(async () => {
    database = await freshMysqlDatabase({ dedicated: true });
    ledger = connect();
    await ledger.migrate();
  }, 60_000);
  afterAll(async () => {
    for (const one of opened) await one.close();
    await database?.drop();
  }, 30_000);

  const expectClean = async (product: SaleProduct): Promise<void> => {
    const report = await verifySale({ saleId: product.saleId, ledger });
    if (!report.ok) throw new Error(renderReport(report));
  };

  test("a commit whose answer is lost is found again: the batch counts once, and its caller is told so", async () => {
    const proxy = await FaultyProxy.before(database);
    const behind = connect({ port: proxy.port, host: "127.0.0.1" });
    const { product } = await createSale(ledger);
    const batch = acceptMany(product, 3);
    proxy.cutAfter = commitRequest;
    expect(await behind.orders.record(batch, { payWithinMs })).toEqual(batch.map(() => ({ kind: "duplicate" })));
    expect(proxy.cuts).toBe(1);

    const [order] = batch as [AcceptedReservation];
    proxy.cutAfter = commitRequest;
    expect(await behind.orders.cancel(order.reservationId)).toMatchObject({
      kind: "already",
      order: { state: "cancelled" },
    });
    expect(proxy.cuts).toBe(2);
    expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 10, reserved: 2, sold: 0 });
    await expectClean(product);
    await proxy.stop();
  });

  test("a restock whose answer is lost adds its units once, and a sale whose answer is lost is created", async () => {
    const proxy = await FaultyProxy.before(database);
    const behind = connect({ port: proxy.port, host: "127.0.0.1" });
    const { sale, product } = await createSale(ledger);
    const restock = { kind: "restock", productId: product.id, units: 5 } as const;
    proxy.cutAfter = commitRequest;
    const changed = await behind.changes.change(sale.id, restock, { actor: "ada", expectedVersion: 1 });
    expect(proxy.cuts).toBe(1);
    expect(changed).toMatchObject({ sale: { version: 2 }, products: [{ total: 15 }] });
    expect(await ledger.changes.history(sale.id, 10)).toHaveLength(1);

    const other = makeSale();
    proxy.cutAfter = commitRequest;
    const created = await behind.changes.create(other, [makeProduct(other)], { actor: "ada", state: "published" });
    expect(proxy.cuts).toBe(2);
    expect(created).toMatchObject({ sale: { id: other.id, version: 1 } });
    await proxy.stop();
  });

  test("a connection cut before the commit leaves nothing, and the batch is recorded on another", async () => {
    const proxy = await FaultyProxy.before(database);
    const behind = connect({ port: proxy.port, host: "127.0.0.1" });
    const { product } = await createSale(ledger);
    const batch = acceptMany(product, 3);
    proxy.cutAfter = "update `products`";
    expect(await behind.orders.record(batch, { payWithinMs })).toEqual(batch.map(() => ({ kind: "recorded" })));
    expect(proxy.cuts).toBe(1);
    expect(await ledger.sales.readTotals(product.id)).toMatchObject({ reserved: 3 });
    await expectClean(product);
    await proxy.stop();
  });

  test("connections that an operator has killed are replaced, and no caller notices", async () => {
    const { product } = await createSale(ledger);
    const bare = openMysqlDatabase(database, defaultMysqlLimits);
    await Promise.all([1, 2, 3, 4].map(() => ledger.sales.readTotals(product.id)));
    await killOtherConnections(bare);
    expect(await ledger.orders.record(acceptMany(product, 2), { payWithinMs })).toHaveLength(2);
    await bare.close();
  });

  test("a server killed between the orders and the totals has forgotten both", async () => {
    const { product } = await createSale(ledger);
    const [half] = acceptMany(product, 1) as [AcceptedReservation];
    const bare = openMysqlDatabase(database, defaultMysqlLimits);
    const killed = bare.kysely.transaction().execute(async (transaction) => {
      await transaction.insertInto("orders").values(rowOf(half)).execute();
      await database.server.kill("SIGKILL");
    });
    await expect(killed).rejects.toThrow();
    await bare.close();
    const quick = connect({ retry: { retryForMs: 50 } });
    await expect(quick.orders.record([half], { payWithinMs })).rejects.toThrow(LedgerUnavailableError);
    await database.server.restart();
    expect(await ledger.orders.record([half], { payWithinMs })).toEqual([{ kind: "recorded" }]);
    await expectClean(product);
  }, 60_000);

  test("a server killed again and again under writers loses and doubles nothing", async () => {
    const { product } = await createSale(ledger, { total: 100_000 });
    let stop = false;
    const recorded: AcceptedReservation[] = [];
    const writers = [0, 1, 2].map(async () => {
      while (!stop) {
        const batch = acceptMany(product, 20);
        await recordUntilDone(ledger, batch);
        recorded.push(...batch);
      }
    });
    for (let round = 0; round < 3; round++) {
      const before = recorded.length;
      while (recorded.length < before + 200) await Bun.sleep(1);
      await database.server.kill("SIGKILL");
      await database.server.restart();
    }
    stop = true;
    await Promise.all(writers);
    expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 100_000, reserved: recorded.length, sold: 0 });
    const again = await ledger.orders.record(recorded.slice(0, 500), { payWithinMs });
    expect(again.every(({ kind }) => kind === "duplicate")).toBe(true);
    await expectClean(product);
  }, 120_000);

  test("a frozen server blocks no call for longer than the limits say", async () => {
    const { product } = await createSale(ledger);
    const quick = connect({ queryTimeoutMs: 100, connectTimeoutMs: 100, retry: { retryForMs: 300 } });
    await quick.sales.readTotals(product.id);
    await database.server.kill("SIGSTOP");
    const batch = acceptMany(product, 2);
    await expect(quick.orders.record(batch, { payWithinMs })).rejects.toThrow(/cannot be reached/);
    await quick.close();
    await database.server.kill("SIGCONT");
    const outcomes = await ledger.orders.record(batch, { payWithinMs });
    for (const { kind } of outcomes) expect(["recorded", "duplicate"]).toContain(kind);
    expect(await ledger.sales.readTotals(product.id)).toMatchObject({ reserved: 2 });
  }, 30_000);

  test("a product that another transaction holds is waited for, and then given up with nothing written", async () => {
    const { product } = await createSale(ledger);
    const impatient = connect({ lockWaitTimeoutMs: 1, retry: { retryForMs: 0 } });
    const bare = openMysqlDatabase(database, defaultMysqlLimits);
    const batch = acceptMany(product, 2);
    await bare.kysely.transaction().execute(async (transaction) => {
      await transaction.selectFrom("products").select("id").where("id", "=", product.id).forUpdate().execute();
      await expect(impatient.orders.record(batch, { payWithinMs })).rejects.toThrow(/is contended .*Lock wait timeout/);
    });
    await bare.close();
    expect(await impatient.orders.record(batch, { payWithinMs })).toEqual([{ kind: "recorded" }, { kind: "recorded" }]);
  }, 30_000);

  test("a deadlock with a foreign transaction is tried again, and the batch is recorded", async () => {
    const { product } = await createSale(ledger);
    let retries = 0;
    const counting = connect({ retry: { sleep: async () => void retries++ } });
    const bare = openMysqlDatabase(database, defaultMysqlLimits);
    const batch = acceptMany(product, 2);
    await counting.sales.readTotals(product.id);
    const rejecting = await bare.kysely.transaction().execute(async (transaction) => {
      // Many changed rows make InnoDB spare this transaction and roll the ledger's back.
      const rows = [batch[0]!, ...acceptMany(product, 50)].map(rejectionOf);
      await transaction.insertInto("rejections").values(rows).execute();
      // The ledger locks the product, and then waits for the key of this transaction's rejection.
      const outcomes = counting.orders.reject(batch);
      await untilSomebodyWaits(bare);
      await transaction.selectFrom("products").select("id").where("id", "=", product.id).forUpdate().execute();
      return { outcomes };
    });
    const malformed = { kind: "rejected", reason: "malformed" } as const;
    expect(await rejecting.outcomes).toEqual([malformed, malformed]);
    expect(retries).toBeGreaterThan(0);
    await bare.close();
  }, 30_000);

  test("a wrong password, and a port without a server, give a plain message", async () => {
    await expect(connect({ password: "wrong" }).migrate()).rejects.toThrow(/Access denied for user/);
    const nowhere = connect({ port: 1, host: "127.0.0.1", retry: { retryForMs: 20 } });
    await expect(nowhere.migrate()).rejects.toThrow(
      /the ledger's database cannot be reached \(\d+ attempts\): .*ECONNREFUSED/,
    );
  });

  test("a server with lax or unusual SQL modes stores what it is given, or refuses it", async () => {
    const bare = openMysqlDatabase(database, defaultMysqlLimits);
    await sql`set global sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'`.execute(bare.kysely);
    const other = openMysqlDatabase(database, defaultMysqlLimits);
    const { product } = await createSale(ledger);
    const userId = "\\'||sleep(9)--\\";
    const [order] = acceptMany(product, 1) as [AcceptedReservation];
    expect(await connect().orders.record([{ ...order, userId }], { payWithinMs })).toEqual([{ kind: "recorded" }]);
    expect(await ledger.orders.read(order.reservationId)).toMatchObject({ userId });
    const tooLong = { ...rejectionOf(order), reservation_id: "x".repeat(65) };
    const insert = other.kysely.insertInto("rejections").values(tooLong).execute();
    const error = await insert.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(other.dialect.failureKind(error)).toBe("refused_value");
    await sql`set global sql_mode = default`.execute(bare.kysely);
    await bare.close();
    await other.close();
  });

  test("the database is created where it is missing", async () => {
    const fresh = connect({ database: `${database.database}_new` });
    await fresh.migrate();
    expect(await fresh.sales.list()).toEqual([]);
  });

  async function recordUntilDone(target: Ledger, batch: readonly AcceptedReservation[]): Promise<void> {
    for (;;) {
      try {
        await target.orders.record(batch, { payWithinMs });
        return;
      } catch (error) {
        if (!(error instanceof LedgerUnavailableError)) throw error;
      }
    }
  }
});

/** The bytes of a commit on the wire: the code for a query, then the text. */
const commitRequest = "\u0003commit";

function rowOf(reservation: AcceptedReservation) {
  return {
    reservation_id: reservation.reservationId,
    sale_id: reservation.saleId,
    product_id: reservation.productId,
    user_id: reservation.userId,
    state: "reserved" as const,
    epoch: 1,
    accepted_at_ms: 1,
    recorded_at_ms: 1,
    pay_before_ms: 1,
    active_slot: 1,
  };
}

function rejectionOf({ reservationId, saleId, productId, userId }: AcceptedReservation) {
  return {
    reservation_id: reservationId,
    sale_id: saleId,
    product_id: productId,
    user_id: userId,
    reason: "malformed" as const,
    rejected_at_ms: 1,
  };
}

function untilSomebodyWaits({ kysely }: ReturnType<typeof openMysqlDatabase>): Promise<void> {
  const somebodyWaits = async (): Promise<boolean> => {
    const { rows } = await sql`select 1 from information_schema.innodb_trx where trx_state = 'LOCK WAIT'`.execute(
      kysely,
    );
    return rows.length > 0;
  };
  // InnoDB refreshes these figures only if they have not been read for a tenth of a second.
  return waitUntil(somebodyWaits, { what: "a transaction to wait for a lock", timeoutMs: 10_000, intervalMs: 200 });
}

async function killOtherConnections({ kysely }: ReturnType<typeof openMysqlDatabase>): Promise<void> {
  await kysely.connection().execute(async (connection) => {
    const { rows } = await sql<{ id: number }>`
      select id from information_schema.processlist where db = database() and id <> connection_id()`.execute(
      connection,
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { id } of rows) await sql.raw(`kill ${id}`).execute(connection);
  });
}
