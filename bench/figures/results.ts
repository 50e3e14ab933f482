import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MeasuredOn } from "../measure.ts";

/** The figures that a benchmark kept: see `keepResults`. */
export interface Stored {
  readonly machine: MeasuredOn;
  /** The file's name in bench/results. */
  readonly file: string;
}

const resultsFolder = join(import.meta.dirname, "../results");

/** The newest results of a benchmark; the caller knows what is in them. Throws when there are none. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller's knowledge
export function newestResults<Results>(name: string): Results & Stored {
  const files = readdirSync(resultsFolder).filter((file) => file.startsWith(`${name}-`) && file.endsWith(".json"));
  const results = files.map((file) => ({
    ...(JSON.parse(readFileSync(join(resultsFolder, file), "utf8")) as Results & Stored),
    file,
  }));
  const last = results.sort((left, right) => left.machine.takenAt.localeCompare(right.machine.takenAt)).at(-1);
  if (last === undefined) throw new Error(`no ${name}-*.json in bench/results: run npm run bench:${name} first`);
  return last;
}
