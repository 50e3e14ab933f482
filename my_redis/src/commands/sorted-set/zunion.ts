import { command, type CommandDefinition } from "../../dispatch/command.ts";
import { countedKeys, keyAt } from "../../dispatch/key-specification.ts";
import { runCount, runOperation } from "./set-operation.ts";

const reads = {
  group: "sorted-set",
  since: "6.2.0",
  flags: ["readonly"],
  keys: countedKeys(1),
} as const satisfies Partial<CommandDefinition>;

const stores = {
  group: "sorted-set",
  flags: ["write", "denyoom"],
  keepsElements: true,
  keys: [keyAt(1, "OW update"), countedKeys(2, "RO access")],
} as const satisfies Partial<CommandDefinition>;

const ofUnion = "O(N)+O(M*log(M)) for N members in all sets, and M in the result.";
const ofIntersection = "O(N*K)+O(M*log(M)) for N members in the smallest of K sets, and M in the result.";
const ofDifference = "O(N*K)+O(M*log(M)) for N members in the first of K sets, and M in the result.";

export const zunion = command({
  ...reads,
  name: "ZUNION",
  complexity: ofUnion,
  summary: "Gives the members that any of the sorted sets has.",
  syntax: "numkeys key... [WEIGHTS=weight:integer...] [AGGREGATE=(SUM | MIN | MAX)] [WITHSCORES]",
  run: runOperation({ name: "zunion", operation: "union" }),
});

export const zunionstore = command({
  ...stores,
  name: "ZUNIONSTORE",
  since: "2.0.0",
  complexity: ofUnion,
  summary: "Stores the members that any of the sorted sets has.",
  syntax: "destination:key numkeys key... [WEIGHTS=weight:integer...] [AGGREGATE=(SUM | MIN | MAX)]",
  run: runOperation({ name: "zunionstore", operation: "union", stores: true }),
});

export const zinter = command({
  ...reads,
  name: "ZINTER",
  complexity: ofIntersection,
  summary: "Gives the members that all the sorted sets have.",
  syntax: "numkeys key... [WEIGHTS=weight:integer...] [AGGREGATE=(SUM | MIN | MAX)] [WITHSCORES]",
  run: runOperation({ name: "zinter", operation: "inter" }),
});

export const zinterstore = command({
  ...stores,
  name: "ZINTERSTORE",
  since: "2.0.0",
  complexity: ofIntersection,
  summary: "Stores the members that all the sorted sets have at a key.",
  syntax: "destination:key numkeys key... [WEIGHTS=weight:integer...] [AGGREGATE=(SUM | MIN | MAX)]",
  run: runOperation({ name: "zinterstore", operation: "inter", stores: true }),
});

export const zintercard = command({
  ...reads,
  name: "ZINTERCARD",
  since: "7.0.0",
  complexity: "O(N*K) for N members in the smallest of K sets.",
  summary: "Counts the members that all the sorted sets have, up to a limit if there is one.",
  syntax: "numkeys key... [LIMIT=limit:integer]",
  run: runCount({ name: "zintercard", operation: "inter", counts: true }),
});

export const zdiff = command({
  ...reads,
  name: "ZDIFF",
  complexity: ofDifference,
  summary: "Gives the members of the first sorted set that the others do not have.",
  syntax: "numkeys key... [WITHSCORES]",
  run: runOperation({ name: "zdiff", operation: "diff" }),
});

export const zdiffstore = command({
  ...stores,
  name: "ZDIFFSTORE",
  since: "6.2.0",
  complexity: ofDifference,
  summary: "Stores the members of the first sorted set that the others do not have at a key.",
  syntax: "destination:key numkeys key...",
  run: runOperation({ name: "zdiffstore", operation: "diff", stores: true }),
});
