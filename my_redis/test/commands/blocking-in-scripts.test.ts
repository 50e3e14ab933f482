import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type RunningServer, startServer } from "../../index.ts";
import { showReply } from "../differential/harness/reply.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";
import { waitUntil } from "../../../tools/test-services/index.ts";

// Redis 7.2 runs these commands in scripts; 7.0, with which everything else is compared, refuses them.

let running: RunningServer;
let connection: RespConnection;

beforeAll(async () => {
  running = await startServer({ port: 0, memory: true });
  connection = await RespConnection.open(running.port, "MyRedis");
});
beforeEach(() => connection.reply("FLUSHALL"));
afterAll(async () => {
  connection.close();
  await running.close();
});

const shown = async (...command: Word[]): Promise<string> => showReply(await connection.reply(...command));

/** The same command in a script and in a transaction, where 7.0 and 7.2 give one reply. */
async function inScriptAndTransaction(...words: string[]): Promise<[script: string, transaction: string]> {
  const script = await shown("EVAL", "return redis.call(unpack(ARGV))", "0", ...words);
  await connection.reply("MULTI");
  await connection.reply(...words);
  // Lua has one nil, which becomes RESP2's shorter one.
  return [`*[${script}]`, (await shown("EXEC")).replaceAll("*nil", "$nil")];
}

describe("a script runs a blocking command without blocking:", () => {
  const commands: readonly (readonly [name: string, ...words: string[]])[] = [
    ["BLPOP", "list", "0"],
    ["BRPOP", "list", "other", "0"],
    ["BRPOPLPUSH", "list", "other", "0"],
    ["BLMOVE", "list", "other", "LEFT", "RIGHT", "0"],
    ["BLMPOP", "0", "1", "list", "LEFT"],
    ["BZPOPMIN", "zset", "0"],
    ["BZPOPMAX", "zset", "0"],
    ["BZMPOP", "0", "1", "zset", "MIN"],
    ["XREAD", "BLOCK", "0", "STREAMS", "stream", "$"],
    ["XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "stream", ">"],
    ["WAIT", "1", "0"],
    ["WAITAOF", "0", "1", "0"],
  ];
  for (const words of commands) {
    test(words[0], async () => {
      await connection.reply("XGROUP", "CREATE", "stream", "g", "$", "MKSTREAM");
      const [script, transaction] = await inScriptAndTransaction(...words);
      expect(script).toBe(transaction);
      expect(script).not.toContain("ERR");
    });
  }

  test("and takes what is there", async () => {
    await connection.reply("RPUSH", "list", "a", "b");
    await connection.reply("ZADD", "zset", "1", "m");
    await connection.reply("XADD", "stream", "1-1", "f", "v");
    const evaluated = (script: string): Promise<string> => shown("EVAL", script, "0");
    expect(await evaluated("return redis.call('BLPOP', 'list', 0)")).toBe('*[$"list" $"a"]');
    expect(await evaluated("return redis.call('BZPOPMIN', 'zset', 0)")).toBe('*[$"zset" $"m" $"1"]');
    expect(await evaluated("return redis.call('XREAD', 'BLOCK', 0, 'STREAMS', 'stream', '0')")).toContain('"1-1"');
  });
});

test("lists of streams and ids of different lengths are refused with the command's name and what is missing", async () => {
  expect(await shown("XREAD", "STREAMS", "a", "b", "0")).toBe(
    "-ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.",
  );
  expect(await shown("XREADGROUP", "GROUP", "g", "c", "STREAMS", "a", "b", ">")).toBe(
    "-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.",
  );
});

test("INFO counts the keys whose deletion would end a wait", async () => {
  await connection.reply("XGROUP", "CREATE", "stream", "g", "$", "MKSTREAM");
  const waiting = await Promise.all([1, 2, 3].map(() => RespConnection.open(running.port, "MyRedis")));
  waiting[0]?.send(["BLPOP", "list", "0"]);
  waiting[1]?.send(["XREAD", "BLOCK", "0", "STREAMS", "stream", "$"]);
  const counts = async (): Promise<(string | undefined)[]> => {
    const { text = "" } = await connection.reply("INFO", "clients");
    return [/blocking_keys:(\d+)/, /blocking_keys_on_nokey:(\d+)/].map((field) => field.exec(text ?? "")?.[1]);
  };
  await waitUntil(async () => (await counts())[0] === "2", { what: "two blocking keys", timeoutMs: 5000 });
  expect(await counts()).toEqual(["2", "0"]);
  waiting[2]?.send(["XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "stream", ">"]);
  await waitUntil(async () => (await counts())[1] === "1", { what: "a key of a group", timeoutMs: 5000 });
  for (const each of waiting) each.close();
});

test("CLIENT LIST shows the bytes of the request that runs, and of what came behind it", async () => {
  expect(await shown("CLIENT", "LIST")).toMatch(/ qbuf=26 qbuf-free=/);
  const replies = await connection.replies([["CLIENT", "INFO"], ["PING"]]);
  expect(showReply(replies[0]!)).toMatch(/ qbuf=40 qbuf-free=/);
  const other = await RespConnection.open(running.port, "MyRedis");
  const { text } = await connection.reply("CLIENT", "ID");
  expect(showReply(await other.reply("CLIENT", "LIST", "ID", text as string))).toMatch(/ qbuf=0 qbuf-free=/);
  other.close();
});
