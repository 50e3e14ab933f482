/**
 * Memory of MyRedis beside redis-server after the same load, each in a fresh process.
 *
 *   npm run bench:memory -- [--only "sorted set"] [--rounds 3] [--no-save]
 *
 * `--beside ../before` compares with the MyRedis of another checkout instead, and keeps nothing.
 *
 * Prints medians and ratios. A run over everything is kept in bench/results/, one over a part of it is not.
 */
import { parseArgs } from "node:util";
import { keepResults, measuredOn, median, textTable } from "../measure.ts";
import { type Growth, measureGrowth } from "./growth.ts";
import { type Load, loads } from "./loads.ts";
import type { MemoryRow } from "./memory-row.ts";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "3" },
    beside: { type: "string" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const { beside } = options;
const rounds = Number(options.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  throw new Error(`--rounds ${options.rounds}: a whole number from 1 on`);
}
const chosen = loads.filter(({ name }) => name.includes(options.only));
if (chosen.length === 0) {
  throw new Error(`--only ${options.only}: no such load; there are ${loads.map(({ name }) => name).join("; ")}`);
}

const medianGrowth = (growths: readonly Growth[]): Growth => ({
  residentBytes: median(growths.map((growth) => growth.residentBytes)),
  usedBytes: median(growths.map((growth) => growth.usedBytes)),
});

async function measure(load: Load): Promise<MemoryRow> {
  const growths: Record<"redis" | "mine", Growth[]> = { redis: [], mine: [] };
  for (let round = 0; round < rounds; round++) {
    growths.redis.push(
      await (beside === undefined ? measureGrowth("redis-server", load) : measureGrowth("MyRedis", load, beside)),
    );
    growths.mine.push(await measureGrowth("MyRedis", load));
  }
  const [redis, mine] = [medianGrowth(growths.redis), medianGrowth(growths.mine)];
  return { load: load.name, size: load.size, redis, mine, ratio: mine.residentBytes / redis.residentBytes };
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
const peer = beside === undefined ? "redis-server" : "the other checkout";
const rows: MemoryRow[] = [];
for (const load of chosen) {
  const row = await measure(load);
  rows.push(row);
  console.log(`${row.load}: ${row.ratio.toFixed(2)} times ${peer}'s growth`);
}
const heading = ["load", `${peer} MB`, "MyRedis MB", "ratio", `${peer} used MB`, "MyRedis used MB"];
const cells = rows.map(({ load, redis, mine, ratio }) => [
  load,
  megabytes(redis.residentBytes),
  megabytes(mine.residentBytes),
  ratio.toFixed(2),
  megabytes(redis.usedBytes),
  megabytes(mine.usedBytes),
]);
console.log(`\n${textTable([heading, ...cells])}`);
console.log(
  "\nGrowth of resident memory, and of what each server says that it uses. Ratio: below 1, MyRedis is better.",
);
if (options.save && beside === undefined && options.only === "") {
  console.log(`kept in ${keepResults("memory", measuredOn(), { rounds, rows })}`);
}
