import { describe, expect, test } from "bun:test";
import { requireService, startRedisServer } from "../../../../tools/test-services/index.ts";
import type { Command } from "../../../src/command/command.ts";
import { allCommands } from "../../../src/commands/index.ts";
import type { Reply } from "../harness/reply.ts";
import { RespConnection } from "../harness/resp-connection.ts";

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
};

describe.skipIf(redis.missing)(`the table of commands${redis.reason}`, () => {
  test("says of arity, flags and keys what COMMAND of redis-server says", async () => {
    const real = await realTable();
    const ours: Record<string, Info> = {};
    const theirs: Record<string, Info> = {};
    for (const [name, entry] of entriesByName()) {
      const info = real.get(name);
      // Newer than this redis-server, or our own.
      if (info === undefined) continue;
      ours[name] = infoOf(entry);
      theirs[name] = { ...info, ...differences[name]?.info };
    }
    expect(Object.keys(ours).length).toBeGreaterThan(50);
    expect(ours).toEqual(theirs);
  });
});

function entriesByName(): [string, Command][] {
  return allCommands.flatMap((entry) => [
    [entry.name.toLowerCase(), entry] as [string, Command],
    ...(entry.subcommands ?? []).map((sub) => [`${entry.name}|${sub.name}`.toLowerCase(), sub] as [string, Command]),
  ]);
}

function infoOf({ arity, flags, keys }: Command): Info {
  const range = keys === undefined ? [0, 0, 0] : [keys.first, keys.last, keys.step];
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
