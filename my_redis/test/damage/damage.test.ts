import { afterAll, beforeAll, expect, test } from "bun:test";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { writeDamageFiles } from "./damage-files.ts";
import { DamageRun } from "./damage-run.ts";

/** A sample of every test run. `npm run damage` tries every damage. */
const seed = 20_261_128;
const sampleSize = 1200;
const bytes = 32_768;

let run: DamageRun;
beforeAll(async () => {
  run = await DamageRun.open(await writeDamageFiles(bytes));
});
afterAll(() => run.close());

for (const [file, what] of [
  ["log", "a log"],
  ["base", "the base of a log"],
  ["earlier", "an increment before the last one"],
  ["manifest", "a manifest"],
  ["snapshot", "a snapshot"],
] as const) {
  test(`${what} with one changed bit is refused, or holds all data, and no file loses a byte (seed ${seed})`, () => {
    const { refused, harmless, tried } = run.run(file, "flip", { size: sampleSize, random: new SeededRandom(seed) });
    expect(refused + harmless).toBe(tried);
    expect(refused).toBeGreaterThan(tried * 0.9);
  }, 90_000);

  test(`${what} that was cut is refused, or loaded up to its last whole unit, and no file loses a byte (seed ${seed})`, () => {
    const count = run.run(file, "cut", { size: sampleSize, random: new SeededRandom(seed) });
    expect(count.refused + count.prefixes + count.harmless).toBe(count.tried);
    if (file === "log") expect(count.prefixes).toBeGreaterThan(count.tried * 0.5);
    else expect(count.refused).toBe(count.tried);
  }, 90_000);
}
