/**
 * Puts the newest results into the README, between its markers: `bun bench/write-figures.ts`. No figure is typed in.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MeasuredOn } from "./measure.ts";
import type { Figures } from "./redis/load.ts";
import type { OrderFigures } from "./seckill/orders.ts";
import type { RejectionFigures } from "./seckill/rejections.ts";

interface RedisResults {
  readonly machine: MeasuredOn;
  readonly rounds: number;
  readonly rows: readonly RedisRow[];
  readonly memory: { readonly redis: number; readonly mine: number; readonly ratio: number };
}

interface RedisRow {
  readonly workload: string;
  readonly pipeline: number;
  readonly appendonly: boolean;
  readonly mine: Figures;
  readonly throughputRatio: number;
  readonly cpuRatio: number;
}

interface SeckillResults {
  readonly machine: MeasuredOn;
  readonly rejections: readonly RejectionFigures[];
  readonly orders: OrderFigures;
}

const start = "<!-- figures -->";
const end = "<!-- /figures -->";
const resultsFolder = join(import.meta.dirname, "results");
const readmeFile = join(import.meta.dirname, "../README.md");

interface Stored {
  readonly machine: MeasuredOn;
  readonly file: string;
}

function newest(prefix: string): Stored {
  const files = readdirSync(resultsFolder).filter((name) => name.startsWith(prefix) && name.endsWith(".json"));
  const results = files.map((file) => ({
    ...(JSON.parse(readFileSync(join(resultsFolder, file), "utf8")) as Stored),
    file,
  }));
  const last = results.sort((left, right) => left.machine.takenAt.localeCompare(right.machine.takenAt)).at(-1);
  if (last === undefined) throw new Error(`no ${prefix}*.json in bench/results: run the benchmark first`);
  return last;
}

const thousands = (value: number): string => Math.round(value).toLocaleString("en");
const ratio = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(2));

function table(rows: readonly (readonly string[])[]): string {
  const [head, ...body] = rows.map((cells) => `| ${cells.join(" | ")} |`);
  const line = `| ${(rows[0] ?? []).map((_, column) => (column === 0 ? "---" : "---:")).join(" | ")} |`;
  return [head, line, ...body].join("\n");
}

function redisSection({ machine, rounds, rows, memory, file }: RedisResults & Stored): string {
  const workloads = [...new Set(rows.map((row) => row.workload))];
  const cell = (workload: string, pipeline: number, appendonly: boolean): string => {
    const row = rows.find(
      (each) => each.workload === workload && each.pipeline === pipeline && each.appendonly === appendonly,
    );
    return row === undefined ? "" : `${ratio(row.throughputRatio)} (${ratio(row.cpuRatio)})`;
  };
  return [
    `MyRedis beside redis-server 7.0.15, each alone on the same core of an ${machine.processor}: throughput as a multiple of`,
    `redis-server's, and in brackets requests per CPU second likewise. Medians of ${rounds} alternating runs, 50 connections.`,
    "",
    table([
      ["", "pipeline 1", "pipeline 16", "pipeline 1, AOF everysec", "pipeline 16, AOF everysec"],
      ...workloads.map((workload) => [
        workload,
        cell(workload, 1, false),
        cell(workload, 16, false),
        cell(workload, 1, true),
        cell(workload, 16, true),
      ]),
    ]),
    "",
    `Memory for 1,000,000 keys of 16 bytes with values of 32: ${ratio(memory.ratio)} times redis-server's growth`,
    `(${(memory.mine / 1e6).toFixed(0)} MB against ${(memory.redis / 1e6).toFixed(0)} MB).`,
    `From [${file}](bench/results/${file}), commit ${machine.commit}, Bun ${machine.bun}.`,
  ].join("\n");
}

function seckillSection({ machine, rejections, orders, file }: SeckillResults & Stored): string {
  return [
    "The sale on the same machine: refusals by one process on one core, beside a bare `Bun.serve` that says the same;",
    "orders with everything (MyRedis with `appendfsync always`, gateway, relay, consumer, RabbitMQ, MariaDB, the buyers) on",
    `its ${machine.cores} cores.`,
    "",
    table([
      ["", "per second", "of bare Bun.serve", "p50 ms", "p99 ms", "p99.9 ms"],
      ...rejections.map((row) => [
        row.name,
        thousands(row.perSecond),
        ratio(row.share),
        row.latencyMs.p50.toFixed(1),
        row.latencyMs.p99.toFixed(1),
        row.latencyMs.p999.toFixed(1),
      ]),
      [
        "accepted (202), paced",
        thousands(orders.committedPerSecond * 0.7),
        "",
        orders.pacedLatencyMs.p50.toFixed(1),
        orders.pacedLatencyMs.p99.toFixed(1),
        orders.pacedLatencyMs.p999.toFixed(1),
      ],
      ["orders committed to MariaDB through RabbitMQ", thousands(orders.committedPerSecond), "", "", "", ""],
    ]),
    "",
    "Latencies from an open loop at 70% of the throughput, counted from the moment at which a request was due.",
    `Afterwards: ${orders.verified}. From [${file}](bench/results/${file}), commit ${machine.commit}.`,
  ].join("\n");
}

const readme = readFileSync(readmeFile, "utf8");
const from = readme.indexOf(start);
const to = readme.indexOf(end);
if (from < 0 || to < from) throw new Error(`README.md lacks the markers ${start} and ${end}`);
const sections = [
  redisSection(newest("redis-") as RedisResults & Stored),
  seckillSection(newest("seckill-") as SeckillResults & Stored),
];
writeFileSync(readmeFile, `${readme.slice(0, from + start.length)}\n\n${sections.join("\n\n")}\n\n${readme.slice(to)}`);
