import { command, type CommandDefinition, type Run } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { type RangeForm, ranksIn, readRange } from "./range-options.ts";
import { replyMembers } from "./reply-members.ts";
import { replyMemberCount } from "./score-reply.ts";
import { readSortedSet } from "../../collections/sorted-set-value.ts";

const shared = {
  group: "sorted-set",
  complexity: "O(log(N)+M) for M members given, in a set of N.",
  flags: ["readonly"],
  keys: firstKey,
} as const satisfies Partial<CommandDefinition>;

const replyRange =
  (form: RangeForm): Run =>
  (context, args, reply) => {
    const range = readRange(args, 2, form);
    const { backwards, withScores } = range;
    const set = readSortedSet(context.database, args);
    if (set === undefined) {
      reply.array(0);
      return;
    }
    const ranks = ranksIn(range, set);
    replyMemberCount(reply, ranks.to - ranks.from, withScores);
    const scored = reply.protocol === 3 ? "in pairs" : "with score";
    replyMembers(reply, set, ranks, backwards, withScores ? scored : "alone");
  };

export const zrange = command({
  ...shared,
  name: "ZRANGE",
  since: "1.2.0",
  summary: "Gives the members of a sorted set within a range of ranks, scores or names.",
  syntax: "key start stop [BYSCORE | BYLEX] [REV] [LIMIT={offset count}] [WITHSCORES]",
  run: replyRange({}),
});

export const zrevrange = command({
  ...shared,
  name: "ZREVRANGE",
  since: "1.2.0",
  summary: "Gives the members of a sorted set within a range of ranks, from the highest score down.",
  syntax: "key start:integer stop:integer [WITHSCORES]",
  run: replyRange({ kind: "rank", backwards: true }),
});

export const zrangebyscore = command({
  ...shared,
  name: "ZRANGEBYSCORE",
  since: "1.0.5",
  summary: "Gives the members of a sorted set within a range of scores.",
  syntax: "key min:double max:double [WITHSCORES] [LIMIT={offset count}]",
  run: replyRange({ kind: "score", backwards: false }),
});

export const zrevrangebyscore = command({
  ...shared,
  name: "ZREVRANGEBYSCORE",
  since: "2.2.0",
  summary: "Gives the members of a sorted set within a range of scores, from the highest down.",
  syntax: "key max:double min:double [WITHSCORES] [LIMIT={offset count}]",
  run: replyRange({ kind: "score", backwards: true }),
});

export const zrangebylex = command({
  ...shared,
  name: "ZRANGEBYLEX",
  since: "2.8.9",
  summary: "Gives the members of a sorted set of equal scores within a range of names.",
  syntax: "key min max [LIMIT={offset count}]",
  run: replyRange({ kind: "name", backwards: false }),
});

export const zrevrangebylex = command({
  ...shared,
  name: "ZREVRANGEBYLEX",
  since: "2.8.9",
  summary: "Gives the members of a sorted set of equal scores within a range of names, from the last to the first.",
  syntax: "key max min [LIMIT={offset count}]",
  run: replyRange({ kind: "name", backwards: true }),
});
