import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { sql } from "kysely";
import { join } from "node:path";
import { freePorts, freshMysqlDatabase, requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { openMysqlDatabase } from "../../src/ledger/database/mysql-database.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { defaultMysqlLimits, mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { demoProductId } from "../../src/roles/demo-sale.ts";
import { buyerWithToken, type TestBuyer } from "../fakes/test-buyer.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { configFolder, type RunningProgram, runProgram, startProgram } from "../roles/program.ts";
import { figureOf, partsOf } from "./operations-of.ts";
import { apiKey, callbackSecret } from "./paying-shop.ts";

const testTimeoutMs = 90_000;
const waitMs = 40_000;

/** The ledger of the programs, as another process sees it. */
interface Place {
  readonly config: Readonly<Record<string, object>>;
  connect(folder: string): Ledger;
  /** Locks an order against all writers, until the result is called. */
  lockOrder(folder: string, id: string): Promise<() => Promise<void>>;
  remove(): Promise<void>;
}

async function sqlitePlace(): Promise<Place> {
  const file = (folder: string): string => join(folder, "data/ledger.sqlite");
  return {
    config: {},
    connect: (folder) => sqliteLedger({ file: file(folder) }),
    async lockOrder(folder) {
      const database = new Database(file(folder));
      database.run("pragma busy_timeout = 5000");
      database.run("begin immediate");
      return async () => {
        database.run("rollback");
        database.close();
      };
    },
    remove: async () => {},
  };
}

async function mysqlPlace(): Promise<Place> {
  const place = await freshMysqlDatabase();
  const { host, port, user, password, database } = place;
  return {
    config: {
      backend: { api_secret: testSecret },
      mysql: { host, port, user_name: user, pass_word: password, db_name: database },
    },
    connect: () => mysqlLedger(place),
    async lockOrder(_folder, id) {
      const opened = openMysqlDatabase(place, defaultMysqlLimits);
      const locked = Promise.withResolvers<void>();
      const unlock = Promise.withResolvers<void>();
      const holding = opened.kysely.transaction().execute(async (transaction) => {
        await sql`select 1 from orders where reservation_id = ${id} for update`.execute(transaction);
        locked.resolve();
        await unlock.promise;
      });
      await locked.promise;
      return async () => {
        unlock.resolve();
        await holding;
        await opened.close();
      };
    },
    remove: () => place.drop(),
  };
}

const mariadb = requireService("mariadb");
const places = [
  { name: "SQLite", missing: false, open: sqlitePlace },
  { name: `MariaDB${mariadb.reason}`, missing: mariadb.missing, open: mysqlPlace },
];

for (const { name, missing, open } of places) {
  describe.skipIf(missing)(`the sale and a provider, as processes, on ${name}`, () => {
    interface Running {
      readonly folder: string;
      readonly configFile: string;
      readonly shop: RunningProgram;
      readonly simulator: RunningProgram;
      readonly simulatorUrl: string;
      readonly ledger: Ledger;
    }

    async function start(place: Place): Promise<Running> {
      const [shopPort, simulatorPort] = (await freePorts(2)) as [number, number];
      const simulatorUrl = `http://127.0.0.1:${simulatorPort}`;
      const payments = {
        provider: "simulator",
        api_url: simulatorUrl,
        api_key: apiKey,
        callback_secret: callbackSecret,
      };
      const { folder, configFile } = configFolder({
        ...place.config,
        backend: { ...place.config["backend"], api_port: shopPort },
        payments: { ...payments, timeout_ms: 500 },
      });
      const simulator = await startProgram(configFile, { role: "payment-simulator" });
      const shop = await startProgram(configFile);
      return { folder, configFile, shop, simulator, simulatorUrl, ledger: place.connect(folder) };
    }
    /** A buyer with an order that is won. */
    async function win({ shop }: Running): Promise<{ buyer: TestBuyer; id: string }> {
      const isReady = async (): Promise<boolean> => (await fetch(`${shop.url}/readyz`)).status === 200;
      await waitUntil(isReady, { what: "the shop to be ready", timeoutMs: waitMs });
      const [buyer, token] = await buyerWithToken(shop.url, "Ada", demoProductId);
      const { reservation: id } = (await buyer.check(demoProductId, token)).body;
      const isWon = async () => (await buyer.send("GET", `/api/reservations/${id}`)).body.status === "won";
      await waitUntil(isWon, { what: "the order", timeoutMs: waitMs });
      return { buyer, id };
    }
    const post = (url: string, body: string): Promise<Response> =>
      fetch(url, { method: "POST", headers: { authorization: `Bearer ${apiKey}` }, body });
    const orderBecomes = ({ ledger }: Running, id: string, state: string): Promise<void> =>
      waitUntil(async () => (await ledger.orders.read(id))?.state === state, {
        what: `order ${id} to be ${state}`,
        timeoutMs: waitMs,
      });
    const metric = async ({ shop }: Running, line: string): Promise<boolean> =>
      (await (await fetch(`${shop.operationsUrl}/metrics`)).text()).split("\n").includes(line);
    async function expectSound({ configFile }: Running): Promise<void> {
      const { code, stdout } = await runProgram(["verify", "--at-rest", "--config", configFile]);
      expect(stdout).toContain("no invariant is violated");
      expect(stdout).toContain("ok           I9");
      expect(code).toBe(0);
    }

    test(
      "a gateway that is killed between the provider's success and the ledger's commit loses nothing",
      async () => {
        const place = await open();
        const running = await start(place);
        const { buyer, id } = await win(running);
        const paying = await buyer.send("POST", `/api/orders/${id}/pay`);
        expect(paying).toMatchObject({ status: 200, body: { status: "won" } });
        const unlock = await place.lockOrder(running.folder, id);
        const paid = await post(paying.body.payUrl, "outcome=succeeded");
        expect(paid.status).toBe(200);
        await waitUntil(() => metric(running, "seckill_requests_in_flight 1"), {
          what: "the callback to wait for the ledger",
          timeoutMs: waitMs,
        });
        await running.shop.process.kill("SIGKILL");
        await unlock();
        expect((await running.ledger.orders.read(id))?.state).toBe("reserved");
        const shop = await startProgram(running.configFile);
        await orderBecomes(running, id, "paid");
        expect((await buyer.send("POST", `/api/orders/${id}/pay`)).body).toMatchObject({ status: "paid" });
        await shop.process.stop();
        await running.simulator.process.stop();
        await expectSound(running);
        await running.ledger.close();
        await place.remove();
      },
      testTimeoutMs,
    );

    test(
      "a provider that is away starts no payment, and gets every refund when it is back, once",
      async () => {
        const place = await open();
        const running = await start(place);
        const { simulator, simulatorUrl } = running;
        const { buyer, id } = await win(running);
        await simulator.process.kill("SIGSTOP");
        expect(await buyer.send("POST", `/api/orders/${id}/pay`)).toMatchObject({
          status: 503,
          body: { error: "payment_unavailable" },
        });
        await simulator.process.kill("SIGCONT");
        const paying = await buyer.send("POST", `/api/orders/${id}/pay`);
        expect(paying.status).toBe(200);

        await post(`${simulatorUrl}/behaviour`, JSON.stringify({ refunds: "fail" }));
        expect((await buyer.send("POST", `/api/orders/${id}/cancel`)).body.status).toBe("cancelled");
        await post(paying.body.payUrl, "outcome=succeeded");
        await waitUntil(() => metric(running, "seckill_refunds_failing 1"), {
          what: "the refund to fail",
          timeoutMs: waitMs,
        });
        await simulator.process.kill("SIGSTOP");
        expect(await metric(running, "seckill_refunds_waiting 1")).toBe(true);
        await waitUntil(async () => (await figureOf(running.shop, "seckill_refunds_failing")) === 1, {
          what: "operators to see the refund that fails",
          timeoutMs: waitMs,
        });
        expect(await partsOf(running.shop)).toMatchObject({ payments: { status: "ok" } });
        await simulator.process.kill("SIGCONT");
        await post(`${simulatorUrl}/behaviour`, JSON.stringify({ refunds: "answer" }));
        await waitUntil(async () => (await running.ledger.payments.readRefunds()).waiting === 0, {
          what: "the refund",
          timeoutMs: waitMs,
        });
        const figures = await fetch(`${simulatorUrl}/figures`, { headers: { authorization: `Bearer ${apiKey}` } });
        expect(await figures.json()).toMatchObject({ payments: 1, refunded: 1 });
        await running.shop.process.stop();
        await simulator.process.stop();
        await expectSound(running);
        await running.ledger.close();
        await place.remove();
      },
      testTimeoutMs,
    );

    test(
      "a sale that is cancelled gives the money back",
      async () => {
        const place = await open();
        const running = await start(place);
        const { buyer, id } = await win(running);
        const paying = await buyer.send("POST", `/api/orders/${id}/pay`);
        await post(paying.body.payUrl, "outcome=succeeded");
        await orderBecomes(running, id, "paid");
        const { saleId } = (await running.ledger.orders.read(id))!;
        const cancelled = await runProgram(["sale", "cancel", saleId, "--config", running.configFile]);
        expect(cancelled.code).toBe(0);
        await orderBecomes(running, id, "refunded");
        const { body } = await buyer.send("GET", `/api/reservations/${id}`);
        expect(body).toMatchObject({ status: "refunded", refundedAtMs: expect.any(Number) });
        await running.shop.process.stop();
        await running.simulator.process.stop();
        await expectSound(running);
        await running.ledger.close();
        await place.remove();
      },
      testTimeoutMs,
    );
  });
}
