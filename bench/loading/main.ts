/**
 * How fast MyRedis and redis-server load the same files at their start: snapshots (RDB) and logs (AOF), written by
 * each of the two. The log of MyRedis has checksums, that of redis-server has none.
 *
 *   npm run bench:loading -- [--only mixed] [--form log] [--rounds 3] [--scale 1] [--no-save]
 *
 * `--scale 5` loads five times as much data, which shows what is left of the ratios once the compiler of the runtime has
 * warmed up. Each file is then written by one server only: snapshots by redis-server, logs by MyRedis.
 * `--beside ../before` compares with the MyRedis of another checkout instead, and keeps nothing.
 *
 * Prints medians. The time of a start without data is subtracted from each, except in the row of that start itself and
 * in the column "with the start". Such starts come in turns with the loads of each row: a start takes ten times as long as a
 * short load, and changes with what else the machine does. A ratio above 1 means that MyRedis is faster. A run over all data is kept in
 * bench/results/, in a file for each form, so that `--form snapshot` and `--form log` can be measured one after the other.
 */
import { rmSync, statSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { keepResults, measuredOn, median, textTable } from "../measure.ts";
import { datasets } from "./datasets.ts";
import type { EmptyStarts, LoadingRow } from "./loading-row.ts";
import { type Form, forms, type LoadTime, timeLoading, type Writer, writeFolder } from "./load-folder.ts";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    form: { type: "string", default: "" },
    rounds: { type: "string", default: "3" },
    scale: { type: "string", default: "1" },
    beside: { type: "string" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const rounds = Number(options.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  throw new Error(`--rounds ${options.rounds}: a whole number from 1 on`);
}
const scale = Number(options.scale);
if (!Number.isSafeInteger(scale) || scale < 1) throw new Error(`--scale ${options.scale}: a whole number from 1 on`);
const all = datasets(scale);
const chosen = all.filter(({ name }) => name.includes(options.only));
if (chosen.length === 0) {
  throw new Error(`--only ${options.only}: no such data; there are ${all.map(({ name }) => name).join("; ")}`);
}
const own = join(import.meta.dirname, "../..");
const { beside } = options;
const peer: Writer = beside === undefined ? "redis-server" : "MyRedis";
const writersOf = (form: Form): readonly Writer[] =>
  scale === 1 ? ["redis-server", "MyRedis"] : [form === "snapshot" ? "redis-server" : "MyRedis"];

const sizeOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((total, entry) => total + statSync(join(entry.parentPath, entry.name)).size, 0);

/** Of starts with one folder. */
interface Starts {
  readonly peer: LoadTime[];
  readonly mine: LoadTime[];
}

const medianTime = (times: readonly LoadTime[]): LoadTime => ({
  wallMs: median(times.map(({ wallMs }) => wallMs)),
  cpuMs: median(times.map(({ cpuMs }) => cpuMs)),
});

const difference = (whole: LoadTime, part: LoadTime): LoadTime => ({
  wallMs: whole.wallMs - part.wallMs,
  cpuMs: whole.cpuMs - part.cpuMs,
});

async function startBoth(folder: string, form: Form, { peer: theirs, mine }: Starts): Promise<void> {
  theirs.push(await timeLoading(peer, form, beside ?? own, folder));
  mine.push(await timeLoading("MyRedis", form, own, folder));
}

/** Starts both servers in turns, without data and with one folder. Adds to `empty` the starts without data. */
async function measure(folder: string, emptyFolder: string, form: Form, empty: Starts) {
  const loads: Starts = { peer: [], mine: [] };
  const before: Starts = { peer: [], mine: [] };
  for (let round = 0; round < rounds; round++) {
    await startBoth(emptyFolder, form, before);
    await startBoth(folder, form, loads);
  }
  empty.peer.push(...before.peer);
  empty.mine.push(...before.mine);
  const [theirs, mine] = [medianTime(loads.peer), medianTime(loads.mine)];
  return {
    peer: difference(theirs, medianTime(before.peer)),
    mine: difference(mine, medianTime(before.mine)),
    withStart: theirs.cpuMs / mine.cpuMs,
  };
}

for (const form of forms.filter((name) => name.includes(options.form))) {
  const rows: LoadingRow[] = [];
  const emptyFolder = await writeFolder("redis-server", form, own, undefined);
  const starts: Starts = { peer: [], mine: [] };
  for (const dataset of chosen) {
    for (const writtenBy of writersOf(form)) {
      const folder = await writeFolder(writtenBy, form, own, dataset);
      const { peer: theirs, mine, withStart } = await measure(folder, emptyFolder, form, starts);
      const [cpuRatio, wallRatio] = [theirs.cpuMs / mine.cpuMs, theirs.wallMs / mine.wallMs];
      const megabytes = sizeOf(folder) / 1e6;
      const row = {
        data: dataset.name,
        form,
        writtenBy,
        megabytes,
        peer: theirs,
        mine,
        cpuRatio,
        withStart,
        wallRatio,
      };
      rows.push(row);
      console.log(`${form} of ${writtenBy}, ${dataset.name}: CPU ${cpuRatio.toFixed(2)}, wall ${wallRatio.toFixed(2)}`);
      rmSync(folder, { recursive: true, force: true });
    }
  }
  rmSync(emptyFolder, { recursive: true, force: true });
  const empty: EmptyStarts = { peer: medianTime(starts.peer), mine: medianTime(starts.mine) };
  report(rows, empty);
  if (!options.save || beside !== undefined || options.only !== "") continue;
  const name = `${scale === 1 ? "" : "long-"}${form}-loading`;
  console.log(`kept in ${keepResults(name, measuredOn(), { rounds, scale, empty, rows })}`);
}

function report(rows: readonly LoadingRow[], empty: EmptyStarts): void {
  const times = [`${peer} CPU ms`, "MyRedis CPU ms"];
  const heading = ["data", "file", "written by", "MB", ...times, "CPU ratio", "with the start", "wall ratio"];
  const start = ["an empty start", "", "", "", empty.peer.cpuMs.toFixed(0), empty.mine.cpuMs.toFixed(0), "", "", ""];
  const cells = rows.map((row) => [
    row.data,
    row.form,
    row.writtenBy,
    row.megabytes.toFixed(1),
    row.peer.cpuMs.toFixed(0),
    row.mine.cpuMs.toFixed(0),
    row.cpuRatio.toFixed(2),
    row.withStart?.toFixed(2) ?? "",
    row.wallRatio.toFixed(2),
  ]);
  console.log(`\n${textTable([heading, start, ...cells])}`);
}
