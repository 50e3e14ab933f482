import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { maxInt64 } from "../../protocol/number-text.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { drawRepeatedly } from "../repeated-draws.ts";
import { replyMember, replyMemberCount } from "./score-reply.ts";
import { readSortedSet, type SortedSetValue } from "../../collections/sorted-set-value.ts";

/** Up to this share of a set, distinct members are found by repeated draws. Beyond it, all ranks are visited once. */
const drawShare = 1 / 3;

interface DrawOptions {
  /** A negative count draws with repetition. */
  readonly count: number;
  readonly withScores: boolean;
}

function readOptions(args: Arguments): DrawOptions {
  const count = args.int64(2);
  if (count < -maxInt64) {
    throw new CommandError(`ERR value is out of range, value must between -${maxInt64} and ${maxInt64}`);
  }
  const withScores = args.count === 4 && args.is(3, "withscores");
  if (args.count > 4 || (args.count === 4 && !withScores)) throw new CommandError(errors.syntax);
  const most = maxInt64 / 2n;
  if (withScores && (count < -most || count > most)) throw new CommandError("ERR value is out of range");
  return { count: Number(count), withScores };
}

/** `count` distinct ranks below `size`. */
function drawRanks(size: number, count: number, random: () => number): Iterable<number> {
  if (count <= size * drawShare) {
    const drawn = new Set<number>();
    while (drawn.size < count) drawn.add(Math.floor(random() * size));
    return drawn;
  }
  // Selection sampling (Knuth, The Art of Computer Programming, 3.4.2 S): every subset is equally likely.
  const chosen: number[] = [];
  for (let rank = 0; chosen.length < count; rank++) {
    if (random() * (size - rank) < count - chosen.length) chosen.push(rank);
  }
  return chosen;
}

function replyMany(
  set: SortedSetValue,
  { count, withScores }: DrawOptions,
  random: () => number,
  reply: ReplyWriter,
): void {
  const { size } = set;
  const total = count < 0 ? -count : Math.min(count, size);
  replyMemberCount(reply, total, withScores);
  const replyRank = (rank: number): void =>
    set.visit(rank, rank + 1, false, (bytes, start, end, score) =>
      replyMember(reply, bytes, start, end, score, withScores),
    );
  if (count < 0) drawRepeatedly(total, reply, () => replyRank(Math.floor(random() * size)));
  else for (const rank of drawRanks(size, total, random)) replyRank(rank);
}

export const zrandmember = command({
  name: "ZRANDMEMBER",
  group: "sorted-set",
  since: "6.2.0",
  complexity: "O(N) for N members that are given.",
  summary: "Gives random members of a sorted set: distinct ones, or with a negative count possibly repeated ones.",
  syntax: "key [count [WITHSCORES]]",
  flags: ["readonly"],
  keys: firstKey,
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    const options = args.count > 2 ? readOptions(args) : undefined;
    const set = readSortedSet(context.database, args);
    const { random } = context.keyspace.environment;
    if (options === undefined) {
      if (set === undefined) reply.null();
      else {
        const rank = Math.floor(random() * set.size);
        set.visit(rank, rank + 1, false, (bytes, start, end) => reply.bulk(bytes, start, end));
      }
    } else if (set === undefined || options.count === 0) {
      reply.array(0);
    } else {
      replyMany(set, options, random, reply);
    }
  },
});
