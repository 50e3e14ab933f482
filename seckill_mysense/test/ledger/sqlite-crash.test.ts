import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { startProcess, temporaryFolder, waitUntil, type StartedProcess } from "../../../tools/test-services/index.ts";
import type { SaleProduct } from "../../src/domain/sale.ts";
import { openSqliteDatabase } from "../../src/ledger/database/sqlite-database.ts";
import { LedgerUnavailableError } from "../../src/ledger/ledger-errors.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { renderReport } from "../../src/verify/verification-report.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";
import { acceptMany, createSale, payWithinMs } from "../contract/ledger/ledger-fixtures.ts";
import { batchOf } from "./sqlite-batch.ts";

describe("a ledger on SQLite whose process dies", () => {
  const file = join(temporaryFolder("ledger-crash"), "deep", "ledger.sqlite");
  const writers: StartedProcess[] = [];
  const opened: Ledger[] = [];
  const connect = (options: Parameters<typeof sqliteLedger>[0] = { file }): Ledger => {
    opened.push(sqliteLedger(options));
    return opened.at(-1) as Ledger;
  };
  afterAll(async () => {
    for (const writer of writers) await writer.kill("SIGKILL");
    for (const ledger of opened) await ledger.close();
  });

  const startWriter = async (name: string, { saleId, id }: SaleProduct): Promise<StartedProcess> => {
    const script = join(import.meta.dir, "sqlite-writer.ts");
    writers.push(await startProcess({ cmd: [process.execPath, script, file, saleId, id, name] }));
    return writers.at(-1) as StartedProcess;
  };
  const committed = (writer: StartedProcess): number => writer.stdout().split("\n").length - 1;

  test("killed in mid-sale, twice, it has every order that it said was committed, and no half batch", async () => {
    const ledger = connect();
    await ledger.migrate();
    const { product } = await createSale(ledger, { total: 1_000_000 });
    const names: string[] = [];
    for (let round = 0; round < 2; round++) {
      const pair = await Promise.all([startWriter(`a${round}`, product), startWriter(`b${round}`, product)]);
      names.push(`a${round}`, `b${round}`);
      await waitUntil(() => pair.every((writer) => committed(writer) >= 10), {
        what: "ten batches each",
        timeoutMs: 20_000,
        intervalMs: 1,
      });
      for (const writer of pair) await writer.kill("SIGKILL");
    }
    for (const [index, writer] of writers.entries()) {
      const name = names[index] as string;
      for (let number = 0; number < committed(writer); number++) {
        const again = await ledger.orders.record(batchOf(name, number, product.saleId, product.id), { payWithinMs });
        expect(again.map(({ kind }) => kind)).toEqual(Array(10).fill("duplicate"));
      }
      const last = await ledger.orders.readAnswers(
        batchOf(name, committed(writer), product.saleId, product.id).map((one) => one.reservationId),
      );
      expect([0, 10]).toContain(last.size);
    }
    const report = await verifySale({ saleId: product.saleId, ledger });
    if (!report.ok) throw new Error(renderReport(report));
  }, 60_000);

  test("a transaction that a dead process had open neither counts nor blocks", async () => {
    const ledger = connect();
    const { product } = await createSale(ledger);
    const script = `
      const { openSqliteDatabase } = await import(${JSON.stringify(join(import.meta.dir, "../../src/ledger/database/sqlite-database.ts"))});
      const { kysely } = openSqliteDatabase({ file: ${JSON.stringify(file)}, busyTimeoutMs: 10 });
      await kysely.transaction().execute(async (transaction) => {
        await transaction.updateTable("products").set({ reserved: 5 }).where("id", "=", ${JSON.stringify(product.id)}).execute();
        await Bun.write(Bun.stdout, "inside\\n");
        await new Promise(() => setInterval(() => {}, 1_000));
      });`;
    const holder = await startProcess({ cmd: [process.execPath, "-e", script], readyWhen: "inside" });
    writers.push(holder);
    const impatient = connect({ file, retry: { retryForMs: 30 } });
    await expect(impatient.orders.record(acceptMany(product, 1), { payWithinMs })).rejects.toThrow(
      LedgerUnavailableError,
    );
    expect(await impatient.sales.readTotals(product.id)).toMatchObject({ reserved: 0 });
    await holder.kill("SIGKILL");
    expect(await impatient.orders.record(acceptMany(product, 1), { payWithinMs })).toEqual([{ kind: "recorded" }]);
    expect(await ledger.sales.readTotals(product.id)).toMatchObject({ reserved: 1 });
  }, 30_000);

  test("a file held by another transaction is waited for without blocking the process", async () => {
    let retries = 0;
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const sleep = async (): Promise<void> => {
      retries++;
      release();
      await Bun.sleep(1);
    };
    const ledger = connect({ file, retry: { sleep } });
    const { product } = await createSale(ledger);
    const bare = openSqliteDatabase({ file, busyTimeoutMs: 10 });
    const inside = Promise.withResolvers<void>();
    const holding = bare.kysely.transaction().execute(() => {
      inside.resolve();
      return held;
    });
    await inside.promise;
    expect(await ledger.orders.record(acceptMany(product, 1), { payWithinMs })).toEqual([{ kind: "recorded" }]);
    await holding;
    await bare.close();
    expect(retries).toBeGreaterThan(0);
  });
});
