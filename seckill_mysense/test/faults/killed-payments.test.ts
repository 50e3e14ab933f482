import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { propertySeed } from "../../../tools/property-seed.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { freePorts, waitUntil } from "../../../tools/test-services/index.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, type RunningProgram, startProgram } from "../roles/program.ts";
import { apiKey, callbackSecret } from "./paying-shop.ts";
import { type Asker, openSale, toldTo, verifiedAtRest } from "./sale-on-services.ts";

const { missing, reason } = programServices;
const timeoutMs = 150_000;
const noLimit = { rate_per_second: 0, burst: 1 };
const total = 30;
const buyers = 45;
const payWithinSeconds = 4;
const names = ["gateway 1", "gateway 2", "sweeper 1", "sweeper 2"] as const;
type Name = (typeof names)[number];

interface Row {
  readonly id: string;
  readonly state: string;
  readonly order_state: string;
}

describe.skipIf(missing)(`payments in a sale in which the ledger decides, whose processes are killed${reason}`, () => {
  test(
    "pay for one unit each, or go back once: the provider and the ledger have the same money",
    async () => {
      const random = new SeededRandom(propertySeed());
      const services = await startProgramServices();
      const [simulatorPort, callbackPort] = (await freePorts(2)) as [number, number];
      const simulatorUrl = `http://127.0.0.1:${simulatorPort}`;
      const settings = {
        gate: { mode: "ledger" },
        mysql: services.config.mysql,
        sale: { demo: false, pay_within_seconds: payWithinSeconds },
        limits: {
          ...{ check_per_user: noLimit, check_per_address: noLimit, api_per_user: noLimit },
          ...{ login_per_address: noLimit, login_per_name: noLimit, hash_waiting: 1_000 },
        },
        payments: {
          ...{ provider: "simulator", api_url: simulatorUrl, api_key: apiKey, callback_secret: callbackSecret },
          ...{ callback_url: `http://127.0.0.1:${callbackPort}/api/payments/callback`, ask_after_seconds: 2 },
        },
      };
      const backend = { api_secret: testSecret };
      const { configFile } = configFolder({ ...settings, backend });
      const withCallbacks = configFolder({ ...settings, backend: { ...backend, api_port: callbackPort } }).configFile;
      await openSale(services.mysql, total);
      const simulator = await startProgram(configFile, { role: "payment-simulator" });
      const ask = async (path: string, body?: object): Promise<Record<string, unknown>> => {
        const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
        const answer = await fetch(simulatorUrl + path, { headers: { authorization: `Bearer ${apiKey}` }, ...sent });
        return (await answer.json()) as Record<string, unknown>;
      };
      await ask("/behaviour", { outcome: "succeed", copies: 3, delayMs: 200 });
      const running = new Map<Name, RunningProgram>();
      const start = async (name: Name): Promise<void> => {
        const file = name === "gateway 1" ? withCallbacks : configFile;
        running.set(name, await startProgram(file, { role: name.split(" ")[0]! }));
      };
      await Promise.all(names.map(start));
      const url = (): string => running.get(random.happens(0.5) ? "gateway 1" : "gateway 2")!.url;

      /** Asks until there is an answer that is none of a server that is away or busy. */
      const untilAnswered = async (buyer: TestBuyer, path: string, bearer?: string) => {
        for (let tries = 0; tries < 400; tries++) {
          const answer = await buyer.send("POST", path, bearer === undefined ? {} : { bearer }).catch(() => undefined);
          if (answer !== undefined && answer.status !== 503) return answer;
          await Bun.sleep(50);
        }
        throw new Error(`no answer to ${path}`);
      };
      const asked: Asker[] = [];
      const register = async (index: number) => {
        const buyer = new TestBuyer(url);
        await buyer.register(`Buyer ${index}`);
        return { buyer, bearer: await buyer.token(testProduct.id) };
      };
      const buyOne = async ({ buyer, bearer }: Awaited<ReturnType<typeof register>>): Promise<void> => {
        await Bun.sleep(random.between(0, 3_000));
        const { status, body } = await untilAnswered(buyer, `/check?productID=${testProduct.id}`, bearer);
        const id = body.reservation as string;
        asked.push({ bearer, status, id });
        if (status === 410) return;
        const steps = random.pick([
          [],
          ["pay"],
          ["pay"],
          ["pay", "pay"],
          ["pay", "cancel"],
          ["cancel", "pay"],
          ["cancel"],
        ]);
        for (const step of steps) {
          await untilAnswered(buyer, `/api/orders/${id}/${step}`);
          await Bun.sleep(random.between(0, 300));
        }
      };
      const registered = await Promise.all(Array.from({ length: buyers }, (_, index) => register(index)));
      const buying = Promise.all(registered.map(buyOne));
      await waitUntil(() => asked.length > 0, { what: "the first buyer", timeoutMs: 30_000, intervalMs: 5 });
      for (let kills = 0; kills < 5; kills++) {
        const name = random.pick(names);
        await running.get(name)!.process.kill("SIGKILL");
        await Bun.sleep(random.between(0, 200));
        await start(name);
      }
      await buying;

      const ledger = mysqlLedger(services.mysql);
      await using database = new SQL(services.mysql.url, { max: 1 });
      const rows = (): Promise<Row[]> =>
        database.unsafe(
          "SELECT payments.id, payments.state, orders.state AS order_state FROM payments JOIN orders USING (reservation_id)",
        ) as Promise<Row[]>;
      const isSettled = async (): Promise<boolean> => {
        const open = (await database.unsafe("SELECT 1 FROM orders WHERE state = 'reserved'")) as unknown[];
        const { unsent } = await ask("/figures");
        const { waiting } = await ledger.payments.readRefunds();
        const returning = await ledger.returns.pending(1);
        return open.length + waiting + returning.length + Number(unsent) === 0;
      };
      // A refund whose sweeper was killed is sent again after a minute.
      await waitUntil(isSettled, { what: "all orders and payments to be settled", timeoutMs: 90_000, intervalMs: 250 });
      const all = await rows();
      expect(all.length).toBeGreaterThan(0);
      for (const { id, state, order_state } of all) {
        const atProvider = (await ask(`/payments/${id}`)) as { state?: string };
        // A payment that the provider never heard of has failed.
        expect([id, order_state, state]).toEqual([id, order_state, atProvider.state ?? "failed"]);
        if (state === "succeeded") expect([id, order_state]).toEqual([id, "paid"]);
      }
      const paid = all.filter(({ state }) => state === "succeeded").length;
      const refunded = all.filter(({ state }) => state === "refunded").length;
      expect(await ask("/figures")).toMatchObject({ refunded });
      expect(paid).toBeGreaterThan(0);
      const report = await verifiedAtRest(configFile, await toldTo(running.get("gateway 1")!, asked));
      expect(report).toContain(`total ${total}, reserved 0, sold ${paid}, at the gate ${total - paid}`);
      await Promise.all([...running.values(), simulator].map(({ process }) => process.stop()));
      await ledger.close();
      await services.stop();
    },
    timeoutMs,
  );
});
