/**
 * What open pages cost the program, without nginx: `npm run bench:pages -- [--pages 20000] [--connections 15000]
 * [--seconds 20] [--no-save]`. The program runs on one core, the pages on the others. In a rush, the stock is another one at
 * each poll. Pages share connections where there are fewer of these: a process may only have so many files open.
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { waitUntil } from "../../tools/test-services/index.ts";
import { cpuTimeMs, keepResults, measuredOn, textTable } from "../measure.ts";
import { loadCores, serverCore } from "../seckill/placement.ts";
import { type RunningSale, startSale } from "../seckill/sale.ts";
import type { PagesFigures, PagesLoad, PagesLoadResult, PagesRow } from "./pages-results.ts";

const { values: options } = parseArgs({
  options: {
    pages: { type: "string", default: "20000" },
    connections: { type: "string", default: "15000" },
    seconds: { type: "string", default: "20" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const [pages, connections, seconds] = (["pages", "connections", "seconds"] as const).map((name) =>
  Number(options[name]),
) as [number, number, number];
const warmUpSeconds = 5;
const mainFile = join(import.meta.dirname, "../../seckill_mysense/main.ts");

/** Makes a sale of so many products, and waits until all of them are sold. */
async function createSale({ configFile, port }: RunningSale, id: string, productCount: number): Promise<void> {
  const file = join(dirname(configFile), `${id}.json`);
  const [starts_at, ends_at] = [-60_000, 3_600_000].map((ms) => new Date(Date.now() + ms).toISOString());
  const products = Array.from({ length: productCount }, (_, index) => ({
    ...{ id: `${id}-product-${index}`, name: `Product number ${index}`, price_minor: 1900 + index, currency: "EUR" },
    ...{ units: 500 + index, limit_per_user: 2 },
  }));
  writeFileSync(file, JSON.stringify({ id, title: `Sale of ${productCount}`, starts_at, ends_at, products }));
  const made = Bun.spawnSync([process.execPath, mainFile, "sale", "create", file, "--config", configFile]);
  if (made.exitCode !== 0) throw new Error(`the sale cannot be made: ${made.stderr.toString()}`);
  const isOpen = async (): Promise<boolean> => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/sales/${id}/live`);
    if (!answer.ok) return false;
    const { available } = (await answer.json()) as { available: Record<string, number | null> };
    return Object.values(available).every((units) => units !== null);
  };
  await waitUntil(isOpen, { what: `${id} to be on sale`, timeoutMs: 30_000 });
}

async function load(pagesLoad: PagesLoad): Promise<PagesLoadResult> {
  const child = Bun.spawn(
    ["taskset", "-c", loadCores, process.execPath, join(import.meta.dirname, "load-process.ts")],
    {
      stdin: new TextEncoder().encode(JSON.stringify(pagesLoad)),
      ...{ stdout: "pipe", stderr: "inherit", timeout: 180_000 },
    },
  );
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`the pages failed: ${output}`);
  return JSON.parse(output) as PagesLoadResult;
}

async function measure(sale: RunningSale, saleId: string, products: number, isRush: boolean): Promise<PagesRow> {
  const pagesLoad = { port: sale.port, pages, connections, saleId, isRush };
  // The first requests compile what is compiled just in time.
  await load({ ...pagesLoad, connections: 1_000, pages: Math.min(pages, 20_000), seconds: warmUpSeconds });
  const running = load({ ...pagesLoad, seconds: warmUpSeconds + seconds });
  const perSecond: number[] = [];
  // CPU time is taken while all pages poll: until then connections are opened.
  let before = cpuTimeMs(sale.pid);
  let isOver = false;
  void running.finally(() => (isOver = true));
  while (!isOver) {
    await Bun.sleep(1_000);
    const now = cpuTimeMs(sale.pid);
    perSecond.push((now - before) / 1000);
    before = now;
  }
  const result = await running;
  const bad = Object.keys(result.statuses).filter((status) => !["200", "304"].includes(status));
  if (bad.length > 0) throw new Error(`not all polls were answered: ${JSON.stringify(result.statuses)}`);
  const cores = perSecond.slice(-seconds - 1, -1).reduce((sum, each) => sum + each, 0) / seconds;
  const scene = `${products} ${products === 1 ? "product" : "products"}, ${isRush ? "rush" : "nothing changes"}`;
  return { scene, products, isRush, cores, ...result };
}

const machine = measuredOn();
const sale = await startSale({ units: 1_000, core: serverCore });
const rows: PagesRow[] = [];
try {
  for (const products of [1, 301]) {
    const id = `sale-of-${products}`;
    await createSale(sale, id, products);
    for (const isRush of [false, true]) rows.push(await measure(sale, id, products, isRush));
  }
} finally {
  await sale.stop();
}
const figures: PagesFigures = { pages, connections, rows };
console.log(
  textTable([
    ["scene", "requests/s", "MB/s", "cores", "p50 ms", "p99 ms", "p99.9 ms"],
    ...rows.map((row) => [
      ...[row.scene, row.perSecond.toFixed(0), (row.bytesPerSecond / 1e6).toFixed(1), row.cores.toFixed(2)],
      ...[row.latencyMs.p50, row.latencyMs.p99, row.latencyMs.p999].map((ms) => ms.toFixed(1)),
    ]),
  ]),
);
if (options.save) console.log(keepResults("pages", machine, figures));
