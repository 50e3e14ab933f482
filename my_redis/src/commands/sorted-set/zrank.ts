import { command, type CommandDefinition, type Run } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { replyScore } from "./score-reply.ts";
import { readSortedSet } from "../../collections/sorted-set-value.ts";

const shared = {
  group: "sorted-set",
  since: "2.0.0",
  complexity: "O(log(N)) in a set of N.",
  syntax: "key member",
  flags: ["readonly", "fast"],
  keys: firstKey,
} as const satisfies Partial<CommandDefinition>;

const replyRank =
  (name: string, backwards: boolean): Run =>
  (context, args, reply) => {
    if (args.count > 4) throw new CommandError(errors.wrongArity(name));
    const withScore = args.count === 4;
    if (withScore && !args.is(3, "withscore")) throw new CommandError(errors.syntax);
    const set = readSortedSet(context.database, args);
    if (set?.find(args.buffer, args.start(2), args.end(2)) !== true) {
      if (withScore) reply.nullArray();
      else reply.null();
      return;
    }
    const { score } = set;
    const rank = set.rankOfFound();
    if (withScore) reply.array(2);
    reply.integer(backwards ? set.size - 1 - rank : rank);
    if (withScore) replyScore(reply, score);
  };

export const zrank = command({
  ...shared,
  name: "ZRANK",
  summary: "Gives the rank of a member in a sorted set, counted from the lowest score.",
  // Redis 7.2 also accepts WITHSCORE, which the syntax of 7.0 does not show.
  arity: -3,
  run: replyRank("zrank", false),
});

export const zrevrank = command({
  ...shared,
  name: "ZREVRANK",
  summary: "Gives the rank of a member in a sorted set, counted from the highest score.",
  // Redis 7.2 also accepts WITHSCORE, which the syntax of 7.0 does not show.
  arity: -3,
  run: replyRank("zrevrank", true),
});
