import { type IdMap, IdPlace } from "./id-map.ts";

/** Bytes of an id as a key: big-endian milliseconds and sequence number. */
const keyBytes = 16;

/**
 * The number of nodes of a radix tree over the ids, which Redis uses for its nodes of entries and XINFO reports: a node
 * for the end of each key, one where keys differ, and one for each run of bytes that keys share or have alone.
 */
export function radixTreeNodes(index: IdMap): number {
  const place = new IdPlace();
  if (!index.first(place)) return 1;
  // The depths at which the keys so far differ, on the path to the last of them.
  const branches: number[] = [];
  let nodes = 0;
  let before = -1;
  for (;;) {
    const words = wordsAt(index, place);
    const more = index.next(place);
    const after = more ? commonBytes(words, wordsAt(index, place)) : -1;
    nodes += 1 + runNode(keyBytes, Math.max(before, after));
    while (branches.length > 0 && (branches.at(-1) as number) > after) {
      const depth = branches.pop() as number;
      nodes += 1 + runNode(depth, Math.max(after, branches.at(-1) ?? -1));
    }
    if (!more) return nodes;
    if (branches.at(-1) !== after) branches.push(after);
    before = after;
  }
}

/** A run of bytes is between the difference above and a node at this depth, unless there is only the one byte. */
const runNode = (depth: number, parting: number): number => (depth > parting + 1 ? 1 : 0);

function wordsAt(index: IdMap, place: IdPlace): readonly number[] {
  const words = index.wordsOf(place);
  const at = index.offsetOf(place);
  return [words[at] as number, words[at + 1] as number, words[at + 2] as number, words[at + 3] as number];
}

function commonBytes(one: readonly number[], other: readonly number[]): number {
  for (let word = 0; word < one.length; word++) {
    const difference = (one[word] as number) ^ (other[word] as number);
    if (difference !== 0) return word * 4 + (Math.clz32(difference) >>> 3);
  }
  return keyBytes;
}
