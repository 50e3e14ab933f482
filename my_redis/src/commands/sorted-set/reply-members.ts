import type { Address, Heap } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { ElementText } from "../../values/packed-element.ts";
import { nextMember, packedScoreAt } from "../../values/sorted-set/packed-sorted-set.ts";
import type { RankRange } from "./rank-range.ts";
import { replyScore } from "./score-reply.ts";
import type { SortedSetValue } from "../../collections/sorted-set-value.ts";

/** How members are written: alone, each followed by its score, or each with its score in an array of two. */
export type MemberForm = "alone" | "with score" | "in pairs";

const blockEntries = 128;
const addresses = new Int32Array(blockEntries);
const scores = new Float64Array(blockEntries);
const text = new ElementText();

/**
 * Writes the members of a range, forwards or backwards. The caller has begun the array. This is the hot path of the
 * most frequent range commands, so entries are copied in blocks and no function is called per entry.
 */
export function replyMembers(
  reply: ReplyWriter,
  set: SortedSetValue,
  { from, to }: RankRange,
  backwards: boolean,
  form: MemberForm,
): void {
  if (set.large === undefined) {
    replyPacked(reply, set, from, to, backwards, form);
    return;
  }
  const { tree } = set.large;
  for (let left = to - from; left > 0;) {
    const wanted = Math.min(left, blockEntries);
    const first = backwards ? from + left - wanted : to - left;
    tree.read(first, wanted, addresses, scores);
    for (let number = 0; number < wanted; number++) {
      const at = backwards ? wanted - 1 - number : number;
      replyEntry(reply, set.heap, addresses[at] as number, scores[at] as number, form);
    }
    left -= wanted;
  }
}

function replyEntry(reply: ReplyWriter, heap: Heap, address: Address, score: number, form: MemberForm): void {
  const start = record.keyStartOf(heap, address);
  if (form === "in pairs") reply.array(2);
  reply.bulk(record.bytesOf(heap, address), start, start + record.keyLengthOf(heap, address));
  if (form !== "alone") replyScore(reply, score);
}

const places = new Array<number>();

function replyPacked(
  reply: ReplyWriter,
  set: SortedSetValue,
  from: number,
  to: number,
  backwards: boolean,
  form: MemberForm,
): void {
  if (to <= from) return;
  const { bytes } = set;
  places.length = 0;
  let at = set.packedPlace(from);
  for (let rank = from; rank < to; rank++, at = nextMember(bytes, at)) places.push(at);
  if (backwards) places.reverse();
  for (const place of places) {
    const name = text.read(bytes, place);
    if (form === "in pairs") reply.array(2);
    reply.bulk(name.bytes, name.start, name.end);
    if (form !== "alone") replyScore(reply, packedScoreAt(bytes, place));
  }
}
