import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { startProcess, temporaryFolder } from "../../../tools/test-services/index.ts";
import { startServer } from "../../index.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

const index = join(import.meta.dir, "../../index.ts");

/**
 * A program that starts a server, sends it a request over a connection that stays open, and closes neither. The
 * client's end of the connection does not keep the process alive, so that only the server could.
 */
const forgetful = (options: string): string => `
import { connect } from "node:net";
import { startServer } from ${JSON.stringify(index)};
const server = await startServer({ port: 0, memory: true, ${options} });
const client = connect(server.port, server.host);
client.once("data", (chunk) => {
  console.log("answered " + chunk);
  client.unref();
});
client.write("PING\\r\\n");
`;

const run = (options: string) =>
  startProcess({ cmd: [process.execPath, "-e", forgetful(options)], readyWhen: "answered +PONG" });

describe("a server that nobody closes", () => {
  test.each(["bun", "node"] as const)("lets its process end (sockets of %s)", async (transport) => {
    const program = await run(`transport: "${transport}"`);
    expect(await program.exited).toEqual({ code: 0, signal: null });
  });

  test.each(["bun", "node"] as const)(
    "keeps its process alive where that is asked (sockets of %s)",
    async (transport) => {
      const program = await run(`transport: "${transport}", keepProcessAlive: true`);
      const ended = program.exited.then(() => "ended");
      expect(await Promise.race([ended, Bun.sleep(500).then(() => "alive")])).toBe("alive");
      await program.stop();
    },
  );
});

describe("a running server", () => {
  test("is closed at the end of the block that uses it", async () => {
    let closed: Promise<void>;
    {
      await using server = await startServer({ port: 0, memory: true });
      closed = server.closed;
      const client = await RespConnection.open(server.port, "MyRedis");
      expect((await client.reply("PING")).text).toBe("PONG");
      client.close();
    }
    await closed;
  });

  test("whose last snapshot cannot be written is closed, and rejects", async () => {
    const dir = temporaryFolder("last-snapshot");
    const server = await startServer({ port: 0, dir, save: "3600 1" });
    const client = await RespConnection.open(server.port, "MyRedis");
    expect((await client.reply("SET", "key", "value")).text).toBe("OK");
    client.close();
    rmSync(dir, { recursive: true });
    await expect(server.close()).rejects.toThrow(/the last snapshot, .*dump\.rdb, could not be written: .*ENOENT/);
    await expect(server.closed).rejects.toThrow(/ENOENT/);
    await expect(RespConnection.open(server.port, "MyRedis")).rejects.toThrow();
  });

  test("whose last snapshot is not needed is closed without it", async () => {
    const dir = temporaryFolder("last-snapshot");
    const server = await startServer({ port: 0, dir, save: "" });
    rmSync(dir, { recursive: true });
    await server.close();
  });

  test.each([
    ["127.0.0.1", "127.0.0.1"],
    ["0.0.0.0", "127.0.0.1"],
    ["::1", "[::1]"],
    ["::", "[::1]"],
  ])("that listens on %s names redis://%s:<port> as its address", async (bind, host) => {
    await using server = await startServer({ port: 0, memory: true, bind: [bind] });
    expect(server.url).toBe(`redis://${host}:${server.port}`);
  });

  test("shows nothing of its inside", async () => {
    await using server = await startServer({ port: 0, memory: true });
    expect(Object.keys(server).toSorted()).toEqual(["close", "closed", "host", "port", "tlsPort", "unixSocket", "url"]);
  });
});
