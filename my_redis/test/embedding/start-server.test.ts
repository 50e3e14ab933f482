import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { DirectiveError, ListenError, startServer } from "../../index.ts";
import { startOpenServer } from "../../src/start-server.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

describe("startServer", () => {
  test("takes a free port, and gives it back when closed", async () => {
    const running = await startServer({ port: 0, memory: true });
    expect(running.port).toBeGreaterThan(0);
    const again = await startServer({ port: 0, memory: true });
    expect(again.port).not.toBe(running.port);
    await running.close();
    const third = await startServer({ port: running.port, memory: true });
    expect(third.port).toBe(running.port);
    await Promise.all([again.close(), third.close()]);
  });

  test("refuses an address that is taken, and names it", async () => {
    const running = await startServer({ port: 0, memory: true });
    const second = startServer({ port: running.port, memory: true });
    expect(second).rejects.toThrow(`127.0.0.1:${running.port}: bind: Address already in use`);
    expect(second).rejects.toBeInstanceOf(ListenError);
    await second.catch(() => {});
    await running.close();
  });

  test("refuses directives that it cannot support", () => {
    expect(startServer({ port: 70_000 })).rejects.toBeInstanceOf(DirectiveError);
    expect(startServer({ port: 0, dir: "/no/such/folder" })).rejects.toThrow(
      "dir '/no/such/folder': No such file or directory",
    );
  });

  test("listens on several addresses, and skips one that the machine does not have", async () => {
    const running = await startServer({ port: 0, memory: true, bind: ["127.0.0.1", "127.0.0.2", "-203.0.113.7"] });
    const socket = await Bun.connect({
      hostname: "127.0.0.2",
      port: running.port,
      socket: { data() {} },
    });
    socket.end();
    await running.close();
    expect(startServer({ port: 0, memory: true, bind: ["203.0.113.7"] })).rejects.toBeInstanceOf(ListenError);
  });

  test("keeps everything in memory where that is asked, whatever the directives say", async () => {
    const dir = temporaryFolder("embedding");
    const running = await startServer({ port: 0, memory: true, appendonly: true, dir });
    const client = await RespConnection.open(running.port, "MyRedis");
    await client.reply("SET", "k", "1");
    expect((await client.reply("CONFIG", "GET", "appendonly")).items?.[1]?.text).toBe("no");
    client.close();
    await running.close();
    expect(readdirSync(dir)).toEqual([]);
  });

  test("keeps data in an append-only file where that is asked", async () => {
    const dir = temporaryFolder("embedding");
    const first = await startServer({ port: 0, appendonly: true, dir });
    const writer = await RespConnection.open(first.port, "MyRedis");
    await writer.reply("SET", "k", "kept");
    writer.close();
    await first.close();
    expect(existsSync(join(dir, "appendonlydir"))).toBe(true);
    const second = await startServer({ port: 0, appendonly: true, dir });
    const reader = await RespConnection.open(second.port, "MyRedis");
    expect((await reader.reply("GET", "k")).text).toBe("kept");
    reader.close();
    await second.close();
  });

  test("takes the caller's clock", async () => {
    let nowMs = 1_000_000;
    const running = await startServer({ port: 0, memory: true, environment: { nowMs: () => nowMs } });
    const client = await RespConnection.open(running.port, "MyRedis");
    await client.reply("SET", "k", "1", "EX", "100");
    nowMs += 99_999;
    expect((await client.reply("PTTL", "k")).text).toBe("1");
    nowMs += 1;
    expect((await client.reply("GET", "k")).text).toBeNull();
    client.close();
    await running.close();
  });

  test("gives every server its own data, counters and settings", async () => {
    const [one, other] = await Promise.all([
      startOpenServer({ port: 0, memory: true }),
      startOpenServer({ port: 0, memory: true }),
    ]);
    const client = await RespConnection.open(one.port, "MyRedis");
    await client.replies([
      ["SET", "k", "1"],
      ["CONFIG", "SET", "hz", "20"],
      ["GET", "k"],
      ["GET", "k"],
    ]);
    expect(other.server.keyspace.database(0).size).toBe(0);
    expect(other.server.settings.values.hz).toBe(10);
    expect(one.server.commands.byName("get")?.statistics.calls).toBe(2);
    expect(other.server.commands.byName("get")?.statistics.calls).toBe(0);
    client.close();
    await Promise.all([one.close(), other.close()]);
  });

  test("lets clients have their replies before it closes", async () => {
    const running = await startServer({ port: 0, memory: true });
    const client = await RespConnection.open(running.port, "MyRedis");
    const value = "x".repeat(1_000_000);
    client.send(["SET", "k", value], ["GET", "k"], ["PING"]);
    expect((await client.next()).text).toBe("OK");
    const closing = running.close();
    expect((await client.next()).text).toBe(value);
    expect((await client.next()).text).toBe("PONG");
    expect(client.next()).rejects.toThrow("closed the connection");
    await closing;
    await running.closed;
  });
});
