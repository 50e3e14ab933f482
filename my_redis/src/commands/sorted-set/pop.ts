import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { replyMembers } from "./reply-members.ts";
import type { SortedSetValue } from "../../collections/sorted-set-value.ts";

/** The end from which members are popped: the lowest or the highest score first. */
export type PopSide = "min" | "max";

/** Writes up to `count` members and removes them. `inPairs` puts each member and its score into an array of two. */
export function popMembers(
  context: Context,
  args: Arguments,
  keyIndex: number,
  set: SortedSetValue,
  options: { readonly side: PopSide; readonly count: number; readonly inPairs: boolean },
  reply: ReplyWriter,
): void {
  const { side, inPairs } = options;
  const { size } = set;
  const count = Math.min(options.count, size);
  const [from, to] = side === "min" ? [0, count] : [size - count, size];
  replyMembers(reply, set, { from, to }, side === "max", inPairs ? "in pairs" : "with score");
  set.removeRanks(from, to);
  context.database.changed(args, keyIndex, side === "min" ? "zpopmin" : "zpopmax", count);
  set.deleteIfEmpty(args, keyIndex);
}

/** The command that pops from this end. Other forms of it are logged under this name. */
export const popName = (side: PopSide): string => (side === "min" ? "ZPOPMIN" : "ZPOPMAX");
