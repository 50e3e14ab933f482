import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { freshMysqlDatabase, waitUntil } from "../../../tools/test-services/index.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, startProgram } from "../roles/program.ts";
import { gatherBuyers, runCrowd, whatTheyWereTold } from "../simulation/crowd.ts";
import { outageLines } from "./operations-of.ts";
import { openSale, verifiedAtRest } from "./sale-on-services.ts";

const { missing, reason } = programServices;
const units = 400;
const deadlocks = 3;
const hourMs = 3_600_000;
const noLimit = { rate_per_second: 0, burst: 1 };

describe.skipIf(missing)(`fault 14: the ledger is contended, with every role as a process${reason}`, () => {
  test("deadlocks and a lock timeout under load: the consumer tries again, and every reservation is won once", async () => {
    const services = await startProgramServices();
    const mysql = await freshMysqlDatabase({ dedicated: true });
    const { host, port, user, password, database } = mysql;
    const place = { host, port, user_name: user, pass_word: password, db_name: database };
    const { configFile } = configFolder({
      backend: { api_secret: testSecret },
      limits: { check_per_user: noLimit, check_per_address: noLimit },
      ...services.config,
      mysql: place,
    });
    await openSale(mysql, units);
    const [gateway, relay, consumer, sweeper] = await Promise.all(
      (["gateway", "relay", "consumer", "sweeper"] as const).map((role) => startProgram(configFile, { role })),
    );
    const foreign = new SQL(mysql.url, { max: 4 });
    const times = { startsAtMs: Date.now() - hourMs, endsAtMs: Date.now() + hourMs };
    const sale = { secret: testSecret, saleId: testProduct.saleId, productId: testProduct.id, ...times };
    const buyers = gatherBuyers(sale, units);
    let answered = 0;
    const crowd = { url: () => gateway!.url, productId: testProduct.id, buyers };
    const steps = Array.from({ length: deadlocks + 1 }, (_, index) => Math.floor((index * units) / (deadlocks + 1)));
    const running = runCrowd({
      ...crowd,
      requests: units,
      concurrency: 4,
      seed: 14,
      onAnswer: (count) => (answered = count),
    });

    for (const step of steps.slice(0, deadlocks)) {
      await waitUntil(() => answered > step, { what: `more than ${step} answers`, timeoutMs: 60_000 });
      await deadlock(foreign);
    }
    await waitUntil(() => answered > steps[deadlocks]!, { what: "the last buyers", timeoutMs: 60_000 });
    // The ledger tries a transaction again that was the victim: for the consumer nothing has failed.
    expect(outageLines(consumer!, "consumer")).toEqual([]);
    await foreign.begin(async (transaction) => {
      await transaction`SELECT id FROM products WHERE id = ${testProduct.id} FOR UPDATE`;
      await waitUntil(() => outageLines(consumer!, "consumer").length > 0, {
        what: "the consumer to give a batch up",
        timeoutMs: 40_000,
      });
    });
    expect(outageLines(consumer!, "consumer")[0]).toMatchObject({
      message: "a part is down",
      reason: expect.stringMatching(/is contended .*Lock wait timeout/),
    });
    const told = await whatTheyWereTold(crowd, (await running).held);
    expect(told.filter(({ answer }) => answer === "won")).toHaveLength(units);
    await waitUntil(() => outageLines(consumer!, "consumer").at(-1)?.["message"] === "a part is well again", {
      what: "the consumer to be well again",
      timeoutMs: 20_000,
    });
    const [row] = (await foreign`SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'`) as { Value: string }[];
    // The transaction that waited may have been another one than the consumer's, so not every try is a deadlock.
    expect(Number(row!.Value)).toBeGreaterThan(0);
    await verifiedAtRest(configFile, told);
    await foreign.close();
    await Promise.all([gateway, relay, consumer, sweeper].map((program) => program!.process.stop()));
    await Promise.all([services.stop(), mysql.drop()]);
  }, 240_000);
});

/**
 * Makes the consumer the victim of a deadlock: this transaction locks where the consumer writes its orders, and then asks
 * for the product, which the consumer has locked before. InnoDB rolls back the one that has changed fewer rows.
 */
async function deadlock(foreign: SQL): Promise<void> {
  const undo = new Error("to be rolled back");
  const transaction = foreign.begin(async (sql) => {
    const rows = Array.from({ length: 200 }, () => ({
      reservation_id: crypto.randomUUID(),
      reason: "malformed",
      rejected_at_ms: 1,
    }));
    await sql`INSERT INTO rejections ${sql(rows)}`;
    await sql`SELECT COUNT(*) FROM orders WHERE reservation_id > '' FOR UPDATE`;
    await waitUntil(
      async () => {
        const waiting = await foreign`SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'`;
        return (waiting as unknown[]).length > 0;
      },
      // InnoDB refreshes these figures only if they have not been read for a tenth of a second.
      { what: "the consumer to wait for a lock", timeoutMs: 20_000, intervalMs: 200 },
    );
    // If this transaction were the victim, this would throw another error than the one that is expected.
    await sql`SELECT id FROM products WHERE id = ${testProduct.id} FOR UPDATE`;
    throw undo;
  });
  await transaction.catch((error: unknown) => {
    if (error !== undo) throw error;
  });
}
