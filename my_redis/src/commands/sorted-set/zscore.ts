import { command } from "../../dispatch/command.ts";
import { firstKey, keyAt } from "../../dispatch/key-specification.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { replyScore } from "./score-reply.ts";
import { readSortedSet, type SortedSetValue } from "../../collections/sorted-set-value.ts";

function replyScoreOf(set: SortedSetValue | undefined, args: Arguments, index: number, reply: ReplyWriter): void {
  if (set?.find(args.buffer, args.start(index), args.end(index)) === true) replyScore(reply, set.score);
  else reply.null();
}

export const zscore = command({
  name: "ZSCORE",
  group: "sorted-set",
  since: "1.2.0",
  complexity: "O(1)",
  summary: "Gives the score of a member of a sorted set.",
  syntax: "key member",
  flags: ["readonly", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    replyScoreOf(readSortedSet(context.database, args), args, 2, reply);
  },
});

export const zmscore = command({
  name: "ZMSCORE",
  group: "sorted-set",
  since: "6.2.0",
  complexity: "O(N) for N members asked for.",
  summary: "Gives the scores of members of a sorted set, nil for missing members.",
  syntax: "key member...",
  flags: ["readonly", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    const set = readSortedSet(context.database, args);
    reply.array(args.count - 2);
    for (let index = 2; index < args.count; index++) replyScoreOf(set, args, index, reply);
  },
});

export const zcard = command({
  name: "ZCARD",
  group: "sorted-set",
  since: "1.2.0",
  complexity: "O(1)",
  summary: "Gives the number of members of a sorted set.",
  syntax: "key",
  flags: ["readonly", "fast"],
  keys: keyAt(1, "RO"),
  run(context, args, reply) {
    reply.integer(readSortedSet(context.database, args)?.size ?? 0);
  },
});
