import fc from "fast-check";
import type { Step, Word } from "../../differential/harness/index.ts";
import type { MemoryRing } from "../memory-ring.ts";

const keyNames = new Set<Word>(["a", "b", "c", "d"]);
/** Tags whose slots belong to different nodes. The test chooses them, because the nodes' names are random. */
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

/** A hash tag for each node, including the node that a client is connected to (the first by port). */
export function tagOfEachNode(ring: MemoryRing): string[] {
  const { view } = ring.nodes[0]!.server.parts.cluster!;
  const tags: string[] = [];
  for (let number = 0; tags.filter((tag) => tag !== undefined).length < ring.nodes.length; number++) {
    const tag = `t${number}`;
    const owner = view.names[view.ownerOfSlot(view.slotOfKey(Buffer.from(tag), 0, tag.length))] as string;
    tags[ring.names.indexOf(owner)] ??= tag;
  }
  return tags;
}
