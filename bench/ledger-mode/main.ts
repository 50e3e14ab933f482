import { join } from "node:path";
import { gatherBuyers } from "../../seckill_mysense/test/simulation/crowd.ts";
import { systemClock } from "../../seckill_mysense/index.ts";
import { openLedger } from "../../seckill_mysense/src/roles/system-parts.ts";
import { loadSettings } from "../../seckill_mysense/src/settings/load-settings.ts";
import { freshMysqlDatabase, freshRabbitmqVhost } from "../../tools/test-services/index.ts";
import { keepResults, measuredOn, median } from "../measure.ts";
import { checkRequest, load } from "../seckill/http-load.ts";
import { demoProductId, startSale, tokenSecret } from "../seckill/sale.ts";
import { sellByRows } from "./row-per-unit.ts";

// Orders committed to MariaDB per second, from the first request to the last commit: decided by the embedded gate and
// carried by RabbitMQ, and decided by the ledger (gate.mode "ledger"). Beside them a row for each unit with SKIP LOCKED,
// without the web server. Alternating. Run: bun bench/ledger-mode/main.ts [rounds] [orders] [--no-save]
const numbers = process.argv
  .slice(2)
  .filter((word) => /^\d+$/.test(word))
  .map(Number);
const [rounds = 3, orders = 6_000] = numbers;
const connections = 256;
const rowConnections = 10;
const timeoutMs = 60_000;

type Mode = "server" | "ledger";

interface Sold {
  readonly committedPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function sell(mode: Mode): Promise<Sold> {
  const database = await freshMysqlDatabase();
  const vhost = mode === "server" ? await freshRabbitmqVhost() : undefined;
  const { host, port, user: user_name, password: pass_word, database: db_name } = database;
  const mysql = { host, port, user_name, pass_word, db_name };
  const parts = { mysql, gate: { mode }, ...(vhost && { rabbitmq: { url: vhost.url } }) };
  const sale = await startSale({ units: orders, parts });
  try {
    const buyers = gatherBuyers({ secret: tokenSecret, productId: demoProductId, ...sale.window }, orders);
    const requests = buyers.map(({ token }) => checkRequest(demoProductId, token));
    const ledger = openLedger(loadSettings(sale.configFile, {}), systemClock.now);
    const startedMs = performance.now();
    const result = await load({ port: sale.port, connections, requests, count: orders });
    if (result.statuses[202] !== orders) throw new Error(`not all accepted: ${JSON.stringify(result.statuses)}`);
    while ((await ledger.sales.readTotals(demoProductId))?.reserved !== orders) {
      if (performance.now() - startedMs > timeoutMs) throw new Error("the orders were not committed in time");
      await Bun.sleep(5);
    }
    const committedPerSecond = (orders / (performance.now() - startedMs)) * 1000;
    await ledger.close();
    await verify(sale.configFile);
    return { committedPerSecond, p50Ms: result.latencyMs.p50, p99Ms: result.latencyMs.p99 };
  } finally {
    await sale.stop();
    await database.drop();
    await vhost?.drop();
  }
}

async function verify(configFile: string): Promise<void> {
  const mainFile = join(import.meta.dirname, "../../seckill_mysense/main.ts");
  const child = Bun.spawn([process.execPath, mainFile, "verify", "--config", configFile], { stdout: "pipe" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`the sale does not verify:\n${text}`);
}

async function byRows(): Promise<number> {
  const database = await freshMysqlDatabase();
  try {
    return await sellByRows(database, orders, rowConnections);
  } finally {
    await database.drop();
  }
}

const machine = measuredOn();
const runs: { server: Sold; ledger: Sold; rowsPerSecond: number }[] = [];
for (let round = 0; round < rounds; round++) {
  const run = { server: await sell("server"), ledger: await sell("ledger"), rowsPerSecond: await byRows() };
  console.log(JSON.stringify(run));
  runs.push(run);
}
const of = (pick: (run: (typeof runs)[number]) => number): number => Math.round(median(runs.map(pick)) * 10) / 10;
const figures = {
  ...{ rounds, orders, connections },
  gate: {
    committedPerSecond: of((run) => run.server.committedPerSecond),
    p50Ms: of((run) => run.server.p50Ms),
    p99Ms: of((run) => run.server.p99Ms),
  },
  ledger: {
    committedPerSecond: of((run) => run.ledger.committedPerSecond),
    p50Ms: of((run) => run.ledger.p50Ms),
    p99Ms: of((run) => run.ledger.p99Ms),
  },
  rowPerUnit: { committedPerSecond: of((run) => run.rowsPerSecond), connections: rowConnections },
};
const ratio = figures.ledger.committedPerSecond / figures.gate.committedPerSecond;
console.log(`${JSON.stringify(figures)}\nledger beside gate: ${ratio.toFixed(2)}`);
if (!process.argv.includes("--no-save")) console.log(keepResults("ledger-mode", machine, { ...figures, runs }));
