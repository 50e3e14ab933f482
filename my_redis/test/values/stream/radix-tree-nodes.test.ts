import { expect, test } from "bun:test";
import fc from "fast-check";
import { IdMap, IdPlace } from "../../../src/values/stream/id-map.ts";
import { radixTreeNodes } from "../../../src/values/stream/radix-tree-nodes.ts";
import { StreamId } from "../../../src/values/stream/stream-id.ts";

/**
 * The number of nodes below the point where these keys (hexadecimal) share `depth` bytes, counted by building the tree.
 */
function nodesOf(keys: readonly string[], depth: number): number {
  if (depth === 16) return 1;
  const byByte = new Map<string, string[]>();
  for (const key of keys) {
    const byte = key.slice(depth * 2, depth * 2 + 2);
    byByte.set(byte, [...(byByte.get(byte) ?? []), key]);
  }
  if (byByte.size > 1) return 1 + [...byByte.values()].reduce((total, group) => total + nodesOf(group, depth + 1), 0);
  let end = depth;
  while (end < 16 && keys.every((key) => key.startsWith((keys[0] as string).slice(0, end * 2 + 2)))) end++;
  return 1 + nodesOf(keys, end);
}

test("the nodes of a radix tree are counted without building it", () => {
  const word = fc.constantFrom(0, 1, 2, 255, 256, 65_536, 0xffffffff);
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word, word, word), { maxLength: 30 }), (tuples) => {
      const map = new IdMap(0);
      const keys = new Set<string>();
      for (const words of tuples) {
        const id = new StreamId().set(...words);
        const place = new IdPlace();
        if (!map.find(id, place)) map.insert(id, place);
        keys.add(words.map((each) => each.toString(16).padStart(8, "0")).join(""));
      }
      expect(radixTreeNodes(map)).toBe(keys.size === 0 ? 1 : nodesOf([...keys], 0));
    }),
  );
});
