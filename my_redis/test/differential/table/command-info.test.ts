import { describe, expect, test } from "bun:test";
import { requireService, startRedisServer } from "../../../../tools/test-services/index.ts";
import type { Command } from "../../../src/dispatch/command.ts";
import { allCommands } from "../../../src/commands/index.ts";
import { type Reply, showReply } from "../harness/reply.ts";
import { RespConnection } from "../harness/resp-connection.ts";
import { serverPair, type Side } from "../harness/servers.ts";

const redis = requireService("redis");

interface Info {
  readonly arity: number;
  readonly flags: readonly string[];
  /** First and last key and the step between keys. */
  readonly keys: readonly number[];
}

/** Where an entry differs from redis-server 7.0 on purpose, with the reason. */
const differences: Readonly<Record<string, { info: Partial<Info>; reason: string }>> = {
  zrank: { info: { arity: -3 }, reason: "Redis 7.2 takes WITHSCORE, too" },
  zrevrank: { info: { arity: -3 }, reason: "Redis 7.2 takes WITHSCORE, too" },
  ...inScripts(["blocking", "write"], "blpop", "brpop"),
  ...inScripts(["blocking", "denyoom", "write"], "blmove", "brpoplpush"),
  ...inScripts(["blocking", "fast", "write"], "bzpopmin", "bzpopmax"),
  ...inScripts(["blocking"], "wait"),
};

function inScripts(flags: readonly string[], ...names: readonly string[]) {
  const difference = { info: { flags }, reason: "Redis 7.2 runs it in scripts, without blocking" };
  return Object.fromEntries(names.map((name) => [name, difference]));
}

/** Where tips or key specifications differ from redis-server 7.0 on purpose, with the reason. */
const specificationDifferences: Readonly<Record<string, string>> = {};

describe.skipIf(redis.missing)(`the table of commands${redis.reason}`, () => {
  test("has the tips and key specifications of redis-server's COMMAND", async () => {
    const [ours, theirs] = await Promise.all([replies("MyRedis"), replies("redis-server")]);
    let compared = 0;
    for (const [name, entry] of theirs) {
      const own = ours.get(name);
      if (own === undefined) continue;
      compared++;
      const difference = specificationDifferences[name];
      if (difference !== undefined) expect([name, describeEntry(own)]).not.toEqual([name, describeEntry(entry)]);
      else expect([name, ...describeEntry(own)]).toEqual([name, ...describeEntry(entry)]);
    }
    expect(compared).toBeGreaterThan(200);
  });

  test("has the arity, flags and keys of redis-server's COMMAND", async () => {
    const real = await realTable();
    const ours: Record<string, Info> = {};
    const theirs: Record<string, Info> = {};
    for (const [name, entry] of entriesByName()) {
      const info = real.get(name);
      // Commands that are newer than the installed redis-server, or our own, are not compared.
      if (info === undefined) continue;
      ours[name] = infoOf(entry);
      theirs[name] = { ...info, ...differences[name]?.info };
    }
    expect(Object.keys(ours).length).toBeGreaterThan(50);
    expect(ours).toEqual(theirs);
  });
});

/** The entry in COMMAND of each command and subcommand, by its name. */
async function replies(side: Side): Promise<Map<string, Reply>> {
  const byName = new Map<string, Reply>();
  const add = (entry: Reply): void => {
    byName.set(entry.items?.[0]?.text ?? "", entry);
    for (const subcommand of entry.items?.[9]?.items ?? []) add(subcommand);
  };
  for (const entry of (await (await serverPair()).control[side].reply("COMMAND")).items ?? []) add(entry);
  return byName;
}

/** The tips in any order, and each key specification without its notes, which are in Redis's own words. */
function describeEntry({ items }: Reply): string[] {
  const tips = (items?.[7]?.items ?? []).map(showReply).toSorted().join();
  const specifications = (items?.[8]?.items ?? []).map(({ items: facts = [] }) => {
    const valueOf = (name: string): Reply => facts?.[facts.findIndex(({ text }) => text === name) + 1] as Reply;
    const flags = (valueOf("flags").items ?? []).map(showReply).toSorted().join();
    return [flags, ...["begin_search", "find_keys"].map((name) => showReply(valueOf(name)))].join(" ");
  });
  return [tips, ...specifications];
}

function entriesByName(): [string, Command][] {
  return allCommands.flatMap((entry) => [
    [entry.name.toLowerCase(), entry] as [string, Command],
    ...(entry.subcommands ?? []).map((sub) => [`${entry.name}|${sub.name}`.toLowerCase(), sub] as [string, Command]),
  ]);
}

function infoOf({ arity, flags, keyRange }: Command): Info {
  const range = keyRange === undefined ? [0, 0, 0] : [keyRange.first, keyRange.last, keyRange.step];
  return { arity, flags: flags.toSorted(), keys: range };
}

async function realTable(): Promise<Map<string, Info>> {
  const server = await startRedisServer();
  const connection = await RespConnection.open(server.port, "redis-server");
  const table = new Map<string, Info>();
  for (const entry of (await connection.reply("COMMAND")).items ?? []) addInfo(table, entry);
  connection.close();
  await server.stop();
  return table;
}

/** An entry is its name, arity, flags, first key, last key, step, categories, tips, key specifications, subcommands. */
function addInfo(table: Map<string, Info>, { items }: Reply): void {
  const [name, arity, flags, first, last, step] = items ?? [];
  table.set(name?.text ?? "", {
    arity: Number(arity?.text),
    flags: (flags?.items ?? []).map((flag) => flag.text ?? "").toSorted(),
    keys: [first, last, step].map((part) => Number(part?.text)),
  });
  for (const subcommand of items?.[9]?.items ?? []) addInfo(table, subcommand);
}
