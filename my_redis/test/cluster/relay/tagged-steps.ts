import fc from "fast-check";
import type { Step, Word } from "../../differential/harness/index.ts";

const keyNames = new Set<Word>(["a", "b", "c", "d"]);
/** Tags whose slots belong to different nodes, whatever the nodes are called: chosen by the test. */
export type Tags = readonly string[];

/** The same step with all its keys in the slot of a tag. */
export function tagged(step: Step, tag: string): Step {
  const rename = (words: readonly Word[]): Word[] =>
    words.map((word, at) => (at > 0 && keyNames.has(word) ? `{${tag}}${String(word)}` : word));
  if (Array.isArray(step)) return rename(step as readonly Word[]);
  return "command" in step ? { ...step, command: rename(step.command) } : step;
}

/** Each step in the slot of one of the tags. */
export const inSlots = (steps: readonly fc.Arbitrary<Step>[], tags: Tags): fc.Arbitrary<Step>[] =>
  steps.map((step) => fc.tuple(step, fc.constantFrom(...tags)).map(([made, tag]) => tagged(made, tag)));
