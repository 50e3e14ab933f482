import { afterEach, describe, expect, test } from "bun:test";
import { type CommandCall, type CommandHook, type RunningServer, startServer } from "../../index.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

let running: RunningServer | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(options: { onCommand: CommandHook }): Promise<RespConnection> {
  running = await startServer({ port: 0, memory: true, ...options });
  return RespConnection.open(running.port, "MyRedis");
}

describe("the hook on commands", () => {
  test("sees every command with its words and its client", async () => {
    const calls: CommandCall[] = [];
    const client = await start({ onCommand: (call) => void calls.push(call) });
    await client.reply("set", "ключ", "1");
    await client.reply("CONFIG", "GET", "port");
    expect(calls.map(({ name, words }) => [name, ...words])).toEqual([
      ["set", "set", "ключ", "1"],
      ["config|get", "CONFIG", "GET", "port"],
    ]);
    expect(calls[0]?.clientId).toBe(1);
    client.close();
  });

  test("puts an error in place of a command, which then does not run", async () => {
    const client = await start({
      onCommand: ({ name }) => (name === "set" ? { error: "ERR out of luck" } : undefined),
    });
    expect((await client.reply("SET", "k", "1")).text).toBe("ERR out of luck");
    expect((await client.reply("GET", "k")).text).toBeNull();
    client.close();
  });

  test("delays a command, and the later ones of the same client, but no other client", async () => {
    const slow = await start({ onCommand: ({ name }) => (name === "set" ? { delayMs: 500 } : undefined) });
    const other = await RespConnection.open((running as RunningServer).port, "MyRedis");
    slow.send(["SET", "k", "1"], ["GET", "k"]);
    expect((await other.reply("GET", "k")).text).toBeNull();
    expect([(await slow.next()).text, (await slow.next()).text]).toEqual(["OK", "1"]);
    slow.close();
    other.close();
  });

  test("answers with an error after a delay, and forgets a client that disconnected meanwhile", async () => {
    const client = await start({
      onCommand: ({ name }) => (name === "get" ? { delayMs: 30, error: "ERR late" } : undefined),
    });
    const gone = await RespConnection.open((running as RunningServer).port, "MyRedis");
    gone.send(["GET", "k"]);
    expect((await client.reply("GET", "k")).text).toBe("ERR late");
    gone.close();
    expect((await client.reply("PING")).text).toBe("PONG");
    client.close();
  });

  test("sees what a client has pipelined behind a delayed command, too", async () => {
    const seen: string[] = [];
    const client = await start({
      onCommand: ({ words }) => {
        seen.push(words.join(" "));
        return words[1] === "slow" ? { delayMs: 20 } : words[1] === "err" ? { error: "ERR out of luck" } : undefined;
      },
    });
    const names = ["err", "slow", "err", "slow", "last"];
    client.send(...names.map((name) => ["GET", name]));
    const replies: (string | null | undefined)[] = [];
    for (const _ of names) replies.push((await client.next()).text);
    expect(replies).toEqual(["ERR out of luck", null, "ERR out of luck", null, null]);
    expect(seen).toEqual(names.map((name) => `GET ${name}`));
    client.close();
  });
});
