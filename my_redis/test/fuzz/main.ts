import { parseArgs } from "node:util";
import { runFuzzPiece } from "./fuzz-piece.ts";

/**
 * `npm run fuzz -- [--minutes N] [--seed S]`: runs pieces of some seconds, each with a new server and seed, until the
 * time has passed or one fails. `--seed` runs the piece of that seed first; with --minutes 0, only that one.
 */
const pieceMs = 15_000;

const { values } = parseArgs({ options: { minutes: { type: "string" }, seed: { type: "string" } } });
const minutes = Number(values.minutes ?? "1");
const firstSeed = Number(values.seed ?? String(Math.floor(Math.random() * 2 ** 32)));
if (!(minutes >= 0)) throw new Error(`--minutes is a number from 0 on, not '${values.minutes}'`);
if (!Number.isInteger(firstSeed)) throw new Error(`--seed is a whole number, not '${values.seed}'`);

const endMs = performance.now() + minutes * 60_000;
let seed = firstSeed;
do {
  try {
    console.log(`seed ${seed}: ${JSON.stringify(await runFuzzPiece(seed, pieceMs))}`);
  } catch (error) {
    console.error(`seed ${seed} FAILED; again with: npm run fuzz -- --minutes 0 --seed ${seed}`);
    throw error;
  }
  seed = (seed + 1) >>> 0;
} while (performance.now() < endMs);
