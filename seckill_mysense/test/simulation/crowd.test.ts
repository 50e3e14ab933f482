import { describe, expect, test } from "bun:test";
import {
  freshMysqlDatabase,
  freshRabbitmqVhost,
  requireService,
  waitUntil,
} from "../../../tools/test-services/index.ts";
import { silentLogger, systemClock } from "../../index.ts";
import { demoProductId } from "../../src/roles/demo-sale.ts";
import { runningEmbeddedRedis } from "../../src/roles/embedded-redis.ts";
import { externalGateServer, openGate, openLedger } from "../../src/roles/system-parts.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";
import { renderReport } from "../../src/verify/verification-report.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";
import { type GateServerKind, type GateTestServer, gateServerKinds } from "../contract/gate/gate-servers.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { configFolder, type RunningProgram, runProgram, startProgram } from "../roles/program.ts";
import { gatherBuyers, runCrowd, whatTheyWereTold } from "./crowd.ts";

const units = 1_000;
const buyerCount = 20_000;
const requests = 100_000;
const generous = { rate_per_second: 1_000_000, burst: 1_000_000 };

interface Parts {
  readonly config: Record<string, object>;
  /** The gate's server, where it is a process of its own. */
  readonly gateServer?: GateTestServer;
  drop(): Promise<void>;
}

const embedded = async (): Promise<Parts> => ({ config: {}, drop: async () => {} });

async function realServers(): Promise<Parts> {
  const database = await freshMysqlDatabase();
  const vhost = await freshRabbitmqVhost();
  const { host, port, user: user_name, password: pass_word, database: db_name } = database;
  return {
    config: { mysql: { host, port, user_name, pass_word, db_name }, rabbitmq: { url: vhost.url } },
    drop: async () => {
      await database.drop();
      await vhost.drop();
    },
  };
}

/** A server that has on its disk what it has answered. */
async function separateGate(kind: GateServerKind): Promise<Parts> {
  const gateServer = await kind.start({ durable: true });
  const config = { redis: { url: `redis://${gateServer.host}:${gateServer.port}` } };
  return { config, gateServer, drop: () => gateServer.stop() };
}

const mysql = requireService("mariadb");
const rabbitmq = requireService("rabbitmq");

describe("100,000 requests of 20,000 buyers for 1,000 units", () => {
  testCrowd("on the embedded parts", embedded);
});

for (const kind of gateServerKinds) {
  describe.skipIf(kind.skipReason !== "")(
    `100,000 requests of 20,000 buyers for 1,000 units, with the gate on ${kind.name}${kind.skipReason}`,
    () => {
      testCrowd("in a process of its own", () => separateGate(kind));
    },
  );
}

describe.skipIf(mysql.missing || rabbitmq.missing)(
  `100,000 requests of 20,000 buyers for 1,000 units${mysql.reason}${rabbitmq.reason}`,
  () => {
    testCrowd("on MariaDB and RabbitMQ", realServers);
  },
);

function testCrowd(where: string, makeParts: () => Promise<Parts>): void {
  test(`${where}: exactly the units are sold, nobody twice, and everyone is told the truth`, async () => {
    await sellOut(await makeParts(), []);
  }, 180_000);

  test(`${where}, killed twice in mid-sale, with the gate if it is a process of its own: the same`, async () => {
    // Once while units are being sold, once when they are gone.
    await sellOut(await makeParts(), [600, 40_000]);
  }, 240_000);
}

/** Runs the sale, with a kill -9 and a restart after each of these numbers of answers, and verifies it. */
async function sellOut(parts: Parts, killAfter: readonly number[]): Promise<void> {
  const { configFile } = configFolder({
    ...parts.config,
    backend: { api_secret: testSecret },
    sale: { demo_units: units },
    limits: { check_per_user: generous, check_per_address: generous },
  });
  let program = await startProgram(configFile);
  await whenReady(program);
  const [sale] = ((await (await fetch(`${program.url}/api/sales`)).json()) as { sales: DemoSale[] }).sales;
  const buyers = gatherBuyers(
    {
      secret: testSecret,
      saleId: "demo",
      productId: demoProductId,
      startsAtMs: sale!.startsAtMs,
      endsAtMs: sale!.endsAtMs,
    },
    buyerCount,
  );
  const url = (): string => program.url;
  const kills = [...killAfter];
  let restarted = Promise.resolve();
  const restart = async (): Promise<void> => {
    await Promise.all([program.process.kill("SIGKILL"), parts.gateServer?.crash()]);
    await parts.gateServer?.restart();
    program = await startProgram(configFile);
  };
  const result = await runCrowd({
    url,
    productId: demoProductId,
    buyers,
    requests,
    concurrency: 128,
    seed: 20_261_122,
    onAnswer(count) {
      if (count !== kills[0]) return;
      kills.shift();
      restarted = restarted.then(restart);
    },
  });
  await restarted;
  await whenReady(program);
  const told = await whatTheyWereTold({ url, productId: demoProductId, buyers }, result.held);
  expect(result.contradictions).toEqual([]);
  expect(Object.values(result.statuses).reduce((sum, count) => sum + count, 0)).toBe(requests);
  expect(told.filter(({ answer }) => answer === "won")).toHaveLength(units);
  if (killAfter.length > 0) expect(result.repeated).toBeGreaterThan(0);

  const settings = loadSettings(configFile, {});
  const ledger = openLedger(settings, systemClock.now);
  const server = externalGateServer(settings) ?? runningEmbeddedRedis(settings.data_dir, testSecret)!;
  const gate = openGate(settings, server, silentLogger);
  // Messages of a killed relay are on their way once more, although every buyer has an answer.
  await waitUntil(async () => (await gate.status("demo", demoProductId))?.outboxLength === 0, {
    what: "the outbox to be empty",
    timeoutMs: 30_000,
  });
  const report = await verifySale({ saleId: "demo", ledger, gate, told, demandLeft: true });
  await gate.close();
  const totals = await ledger.sales.readTotals(demoProductId);
  await ledger.close();
  expect(renderReport(report)).toContain("no invariant is violated");
  expect(totals).toEqual({ total: units, reserved: units, sold: 0 });

  await program.process.stop();
  const verified = await runProgram(["verify", "--config", configFile]);
  expect(verified.stderr).toBe("");
  expect(verified.code).toBe(0);
  await parts.drop();
}

interface DemoSale {
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

async function whenReady({ url }: RunningProgram): Promise<void> {
  const isReady = async (): Promise<boolean> => (await fetch(`${url}/readyz`)).status === 200;
  await waitUntil(isReady, { what: "the system to be ready", timeoutMs: 20_000 });
}
