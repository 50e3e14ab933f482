import fc from "fast-check";
import { sequenceFailure, type SequenceOptions } from "./expect-same.ts";
import { showStep, type Step } from "./sequence.ts";

export interface GeneratedOptions extends SequenceOptions {
  /** The commands of which sequences are made. */
  readonly commands: readonly fc.Arbitrary<Step>[];
  /** Sequences in a normal run. DIFFERENTIAL_RUNS multiplies it. */
  readonly runs?: number;
  /** The most steps of a sequence. */
  readonly maxSteps?: number;
  /** Steps before each sequence. */
  readonly before?: readonly Step[];
  /** The seed of a normal run. DIFFERENTIAL_SEED overrides it: a number, or "random". */
  readonly seed?: number;
}

/** How long a test that calls `expectSameGenerated` may take: `test(name, fn, generatedTimeoutMs)`. */
export const generatedTimeoutMs = 60_000 * Math.max(1, runsFactor());

/**
 * Runs generated sequences on both servers. A failing sequence is shrunk, and the error shows it with its seed and
 * path. DIFFERENTIAL_SEED=<seed> DIFFERENTIAL_PATH=<path> with the same test runs exactly this sequence again.
 */
export async function expectSameGenerated(options: GeneratedOptions): Promise<void> {
  const { commands, runs = 40, maxSteps = 40, before = [] } = options;
  const seed = seedOf(options.seed ?? 1);
  const path = process.env["DIFFERENTIAL_PATH"];
  const sequences = fc.array(fc.oneof(...commands), { minLength: 1, maxLength: maxSteps, size: "max" });
  let failure = "";
  const property = fc.asyncProperty(sequences, async (steps) => {
    const found = await sequenceFailure([...before, ...steps], options);
    if (found === undefined) return true;
    failure = found;
    return false;
  });
  const result = await fc.check(property, {
    seed,
    numRuns: Math.ceil(runs * runsFactor()),
    ...(path === undefined ? {} : { path }),
  });
  if (!result.failed) return;
  if (result.counterexample === null) throw new Error(`no sequence was generated: ${fc.defaultReportMessage(result)}`);
  // Shrinking continues only from failures, so the last failure is that of the smallest sequence.
  const steps = [...before, ...result.counterexample[0]].map((step) => `      ${showStep(step)}`).join("\n");
  throw new Error(
    `${failure}\n    the sequence, shrunk ${result.numShrinks} times:\n${steps}\n` +
      `    again: DIFFERENTIAL_SEED=${result.seed} DIFFERENTIAL_PATH=${result.counterexamplePath} bun test <file> -t <test>`,
    result.errorInstance instanceof Error ? { cause: result.errorInstance } : undefined,
  );
}

function seedOf(ordinary: number): number {
  const given = process.env["DIFFERENTIAL_SEED"];
  if (given === undefined) return ordinary;
  return given === "random" ? Math.floor(Math.random() * 2 ** 31) : Number(given);
}

function runsFactor(): number {
  const factor = Number(process.env["DIFFERENTIAL_RUNS"] ?? 1);
  if (!(factor > 0))
    throw new Error(`DIFFERENTIAL_RUNS must be a factor above 0, not ${process.env["DIFFERENTIAL_RUNS"]}`);
  return factor;
}
