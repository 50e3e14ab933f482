import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "kysely";
import { defaultRetry, RetryingDatabase } from "../../../src/ledger/database/retrying-database.ts";
import { migrate, migrations } from "../../../src/ledger/migrations/migrate.ts";
import type { Migration } from "../../../src/ledger/migrations/migration.ts";
import { createSale, acceptMany, payWithinMs } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

const newest = migrations.at(-1)!.version;

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`the ledger's schema on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let database: RetryingDatabase;

    beforeAll(async () => {
      place = await kind.create();
      database = new RetryingDatabase(place.open(), defaultRetry);
    });
    afterAll(async () => {
      await database?.close();
      await place?.remove();
    });

    const versions = (): Promise<number[]> =>
      database.read(async (reader) => {
        const rows = await reader.selectFrom("schema_migrations").select("version").orderBy("version").execute();
        return rows.map((row) => row.version);
      });
    const addColumn = (version: number, column: string): Migration => ({
      version,
      name: `add ${column}`,
      statements: ({ types }) => [`alter table sales add column ${column} ${types.integer}`],
    });

    test("eight processes that start on an empty database at once leave one schema", async () => {
      await Promise.all(Array.from({ length: 8 }, () => place.connect().migrate()));
      expect(await versions()).toEqual(migrations.map(({ version }) => version));
      const { product } = await createSale(place.connect());
      expect(await place.connect().orders.record(acceptMany(product, 2), { payWithinMs })).toHaveLength(2);
    });

    test("migrating again leaves what is there", async () => {
      const ledger = place.connect();
      const before = await ledger.sales.list();
      await ledger.migrate();
      expect(await ledger.sales.list()).toEqual(before);
      expect(await versions()).toEqual(migrations.map(({ version }) => version));
    });

    test("the released steps have versions of their own, in their order", () => {
      const versions = migrations.map(({ version }) => version);
      expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    });

    // SQLite migrates in one transaction, so that a step is there as a whole or not at all.
    if (kind.name === "MySQL") {
      test("a step that was cut off after it had changed the tables is run again", async () => {
        const [{ version }] = migrations.slice(-1) as [Migration];
        await database.read((writer) =>
          writer.deleteFrom("schema_migrations").where("version", "=", version).execute(),
        );
        await place.connect().migrate();
        expect(await versions()).toContain(version);
      });
    }

    test("a further step runs once, on top of the others, also when several processes come to it at once", async () => {
      const next = newest + 1;
      const steps = [...migrations, addColumn(next, "extra")];
      const others = Array.from({ length: 4 }, () => new RetryingDatabase(place.open(), defaultRetry));
      await Promise.all(others.map((other) => migrate(other, 1_000, steps)));
      for (const other of others) await other.close();
      await migrate(database, 2_000, steps);
      expect((await versions()).at(-1)).toBe(next);
      await database.read((reader) => sql`select extra from sales`.execute(reader));
    });

    test("a step that fails is not recorded, and the next start tries it again", async () => {
      const next = newest + 2;
      const known = [...migrations, addColumn(next - 1, "extra")];
      const broken: Migration = {
        version: next,
        name: "broken",
        statements: () => ["alter table nothing add column x int"],
      };
      await expect(migrate(database, 1_000, [...known, broken])).rejects.toThrow(/nothing/);
      expect((await versions()).at(-1)).toBe(next - 1);
      await migrate(database, 1_000, [...known, addColumn(next, "later")]);
      expect((await versions()).at(-1)).toBe(next);
    });

    test("a program older than the database refuses to touch it", async () => {
      await expect(place.connect().migrate()).rejects.toThrow(
        `the ledger's schema has version ${newest + 2}, but this program knows versions up to ${newest}`,
      );
    });

    test("the database itself refuses to oversell", async () => {
      const { product } = await createSale(place.connect());
      const oversell = database.write((transaction) =>
        transaction.updateTable("products").set({ sold: 11 }).where("id", "=", product.id).execute(),
      );
      await expect(oversell).rejects.toThrow(/stock_never_oversold/);
    });

    test("the database itself keeps a buyer's second active order out", async () => {
      const { product } = await createSale(place.connect());
      const order = (reservation_id: string) => ({
        reservation_id,
        sale_id: product.saleId,
        product_id: product.id,
        user_id: "u",
        state: "reserved" as const,
        epoch: 1,
        accepted_at_ms: 1,
        recorded_at_ms: 1,
        pay_before_ms: 1,
        active_slot: 1,
      });
      const twice = database.dialect;
      const insert = database.read((writer) =>
        writer
          .insertInto("orders")
          .values([order(`${product.id}-1`), order(`${product.id}-2`)])
          .execute()
          .then(
            () => "inserted",
            (error: unknown) => twice.failureKind(error),
          ),
      );
      expect(await insert).toBe("duplicate_key");
    });
  });
}
