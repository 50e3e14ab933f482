/**
 * How long `verify-draw` takes for a large draw, on Bun, with one receipt: so that the order is computed, too.
 *
 *   npm run bench:fair-draw -- [--entries 1000000] [--rounds 3] [--no-save]
 *
 * Prints medians of CPU and wall time of the whole program, and how much memory it had at most: once with the SHA-256 of the runtime,
 * and once with that of JavaScript, which a browser has. There is no peer.
 */
import { createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { keepResults, measuredOn, median, textTable } from "../measure.ts";
import { largeDraw } from "./large-draw.ts";

const { values: options } = parseArgs({
  options: {
    entries: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "3" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const [entries, rounds] = (["entries", "rounds"] as const).map((name) => {
  const value = Number(options[name]);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${name} ${options[name]}: a whole number from 1 on`);
  return value;
}) as [number, number];

const folder = mkdtempSync(join(tmpdir(), "fair-draw-"));
const [file, receiptFile] = [join(folder, "draw.jsonl"), join(folder, "receipt.json")];
const root = join(import.meta.dirname, "../..");
const programs = {
  "the SHA-256 of the runtime": join(root, "fair_draw/main.ts"),
  "that of JavaScript": join(import.meta.dirname, "in-javascript.ts"),
};

async function run(program: string) {
  const startedMs = performance.now();
  const started = Bun.spawn([process.execPath, program, file, "--receipt", receiptFile, "--json"], { stdout: "pipe" });
  const report = JSON.parse(await started.stdout.text()) as { verdict: string; entries: number };
  if ((await started.exited) !== 0 || report.verdict !== "ok" || report.entries !== entries) {
    throw new Error(`${program} ended with ${JSON.stringify(report)}`);
  }
  const usage = started.resourceUsage()!;
  return { wallMs: performance.now() - startedMs, cpuMs: Number(usage.cpuTime.total) / 1000, bytes: usage.maxRSS };
}

try {
  const { chunks, receipt } = largeDraw(entries);
  await pipeline(Readable.from(chunks), createWriteStream(file));
  writeFileSync(receiptFile, JSON.stringify(receipt));
  const rows = [];
  for (const [scene, program] of Object.entries(programs)) {
    const runs = [];
    for (let round = 0; round < rounds; round++) runs.push(await run(program));
    rows.push({
      scene,
      cpuMs: median(runs.map(({ cpuMs }) => cpuMs)),
      wallMs: median(runs.map(({ wallMs }) => wallMs)),
      maxResidentMegabytes: Math.max(...runs.map(({ bytes }) => bytes)) / 1e6,
    });
  }
  const cells = rows.map(({ scene, cpuMs, wallMs, maxResidentMegabytes }) => [
    scene,
    ...[cpuMs, wallMs, maxResidentMegabytes].map((value) => value.toFixed(0)),
  ]);
  console.log(textTable([[`${entries} entries`, "CPU ms", "wall ms", "most MB"], ...cells]));
  if (options.save) {
    const fileMegabytes = statSync(file).size / 1e6;
    console.log(`kept in ${keepResults("fair-draw", measuredOn(), { entries, rounds, fileMegabytes, rows })}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
