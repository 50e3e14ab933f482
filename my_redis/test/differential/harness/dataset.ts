import { type Comparer, sameBytes, sameElements, sameEncoding, samePairs, within } from "./compare.ts";
import { type Reply, showReply } from "./reply.ts";
import { type RespConnection, showCommand, type Word } from "./resp-connection.ts";
import { sameScores } from "./same-scores.ts";
import type { ServerPair } from "./servers.ts";

/** Databases that a sequence may use, unless it says otherwise. */
const usualDatabases: readonly number[] = [0, 1];

/** How to read a complete value, by its type. */
const readers: Readonly<Record<string, { command: (key: Word) => Word[]; compare: Comparer }>> = {
  string: { command: (key) => ["GET", key], compare: sameBytes },
  list: { command: (key) => ["LRANGE", key, 0, -1], compare: sameBytes },
  set: { command: (key) => ["SMEMBERS", key], compare: sameElements },
  zset: { command: (key) => ["ZRANGE", key, 0, -1, "WITHSCORES"], compare: sameScores },
  hash: { command: (key) => ["HGETALL", key], compare: samePairs },
  stream: { command: (key) => ["XRANGE", key, "-", "+"], compare: sameBytes },
};

/** Empties both servers. */
export async function emptyBoth({ control }: ServerPair): Promise<void> {
  const replies = await both(control.MyRedis, control["redis-server"], [["FLUSHALL"]]);
  for (const reply of replies.flat()) {
    if (reply.text !== "OK") throw new Error(`FLUSHALL answered ${showReply(reply)}`);
  }
}

/** Describes how the data of the two servers differ, key by key: type, encoding, expiry and value. */
export async function datasetDifference(pair: ServerPair, databases = usualDatabases): Promise<string | undefined> {
  const [ours, theirs] = [pair.control.MyRedis, pair.control["redis-server"]];
  try {
    for (const database of databases) {
      await both(ours, theirs, [["SELECT", database]]);
      const found = await databaseDifference(ours, theirs);
      if (found !== undefined) return `data of database ${database}: ${found}`;
    }
    return undefined;
  } finally {
    await both(ours, theirs, [["SELECT", 0]]);
  }
}

async function databaseDifference(ours: RespConnection, theirs: RespConnection): Promise<string | undefined> {
  const [[keys, theirKeys] = []] = await both(ours, theirs, [["KEYS", "*"]]);
  if (keys === undefined || theirKeys === undefined) return undefined;
  if (!sameElements(keys, theirKeys)) return describe(["KEYS", "*"], keys, theirKeys);
  const names = (theirKeys.items ?? []).map((key) => Buffer.from(key.text as string, "latin1"));
  if (names.length === 0) return undefined;
  const types = await both(
    ours,
    theirs,
    names.map((name) => ["TYPE", name]),
  );
  const checks = names.flatMap((name, at) => checksOf(name, types[at]?.[1].text ?? ""));
  const commands = checks.map(({ command }) => command);
  const replies = [...types, ...(await both(ours, theirs, commands))];
  const all = [...names.map((name) => ({ command: ["TYPE", name], compare: sameBytes })), ...checks];
  for (const [at, { command, compare }] of all.entries()) {
    const [one, other] = replies[at] as [Reply, Reply];
    if (!compare(one, other)) return describe(command, one, other);
  }
  return undefined;
}

const isNamedOtherwise = (type: string): boolean => type === "list" || type === "set";

function checksOf(name: Word, type: string): { command: Word[]; compare: Comparer }[] {
  const reader = readers[type];
  return [
    { command: ["OBJECT", "ENCODING", name], compare: isNamedOtherwise(type) ? sameEncoding : sameBytes },
    { command: ["PTTL", name], compare: within(10_000) },
    ...(reader === undefined ? [] : [{ command: reader.command(name), compare: reader.compare }]),
  ];
}

const describe = (command: readonly Word[], ours: Reply, theirs: Reply): string =>
  `${showCommand(command)}\n      MyRedis      ${showReply(ours)}\n      redis-server ${showReply(theirs)}`;

async function both(
  ours: RespConnection,
  theirs: RespConnection,
  commands: readonly (readonly Word[])[],
): Promise<[Reply, Reply][]> {
  const [one, other] = await Promise.all([ours.replies(commands), theirs.replies(commands)]);
  return one.map((reply, at) => [reply, other[at] as Reply]);
}
