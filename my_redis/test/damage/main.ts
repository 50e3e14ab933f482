import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { writeDamageFiles } from "./damage-files.ts";
import { DamageRun } from "./damage-run.ts";

/**
 * `npm run damage -- [--bytes N] [--files log,snapshot] [--part 2/8]`: every cut and every change of one bit of a log and
 * of a snapshot of N bytes (32 KiB), and of the log's manifest, base and earlier increment. Each of them must be refused
 * or be harmless, and no file may lose a byte. With `--part 2/8` it is every eighth damage, from the second on: eight
 * such runs, which may run beside each other, try all places. Each of them writes files of its own.
 */
const allFiles = ["manifest", "base", "earlier", "snapshot", "log"] as const;
const { values } = parseArgs({
  options: { bytes: { type: "string" }, files: { type: "string" }, part: { type: "string" } },
});
const names = (values.files ?? allFiles.join(",")).split(",");
const files = allFiles.filter((file) => names.includes(file));
if (files.length < names.length) throw new Error(`--files takes ${allFiles.join(",")}, not '${values.files}'`);
// Hundreds of thousands of loads write and sync files. In memory that takes half the time.
if (existsSync("/dev/shm")) process.env["TMPDIR"] ??= "/dev/shm";

const bytes = Number(values.bytes ?? "32768");
if (!Number.isInteger(bytes) || bytes < 1)
  throw new Error(`--bytes is a whole number from 1 on, not '${values.bytes}'`);

const [, part, of] = /^(\d+)\/(\d+)$/.exec(values.part ?? "1/1")?.map(Number) ?? [];
if (part === undefined || of === undefined || part < 1 || part > of)
  throw new Error(`--part is the number of a part and how many there are, such as 2/8, not '${values.part}'`);

const run = await DamageRun.open(await writeDamageFiles(bytes));
for (const file of files) {
  for (const kind of ["cut", "flip"] as const) {
    const startMs = performance.now();
    const { tried, refused, harmless, prefixes } = run.run(file, kind, { part, of });
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(
      `${file}, every ${kind}: ${tried} tried, ${refused} refused, ${harmless} harmless, ${prefixes} up to the cut; ${seconds} s`,
    );
  }
}
await run.close();
