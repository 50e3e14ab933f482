import { describe, expect, test } from "bun:test";
import { requireService, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { startMyRedis as startMyRedisProcess } from "../crash/my-redis-process.ts";
import {
  closedAfterEach,
  infoField,
  startMyRedis,
  startRedis,
  startServer,
  type TestServer,
  untilConnected,
} from "./replication-servers.ts";

const redis = requireService("redis");

/** A replica that is stopped, so that it lacks the last write. */
async function laggingReplica(
  primary: Pick<TestServer, "port" | "ask">,
): Promise<Awaited<ReturnType<typeof startRedis>>> {
  const replica = await startRedis({ replicaof: `127.0.0.1 ${primary.port}` });
  await untilConnected(replica);
  await primary.ask("SET", "key", "before");
  await waitUntil(async () => (await replica.ask("GET", "key")).includes("before"), {
    what: "the replica to have the key",
    timeoutMs: 10_000,
  });
  await replica.service.kill("SIGSTOP");
  await primary.ask("SET", "key", "last");
  return replica;
}

const isWaiting = async (server: TestServer): Promise<boolean> =>
  Number(await infoField(server, "shutdown_in_milliseconds", "server")) > 0;

const untilWaiting = (server: TestServer): Promise<void> =>
  waitUntil(() => isWaiting(server), { what: "SHUTDOWN to wait for the replica", timeoutMs: 10_000 });

describe.skipIf(redis.missing)(`SHUTDOWN with a replica that lags${redis.reason}`, () => {
  const started = closedAfterEach();

  test("waits until the replica has all writes, and takes none meanwhile", async () => {
    const primary = await startMyRedis({ "shutdown-timeout": "60" });
    const replica = await started(laggingReplica(primary));
    const clients = [await primary.connect(), await primary.connect()] as const;
    clients[0].send(["SHUTDOWN"]);
    await untilWaiting(primary);
    clients[1].send(["SET", "key", "too late"]);
    expect(await primary.ask("GET", "key")).toContain("last");
    await replica.service.kill("SIGCONT");
    await primary.inner.closed;
    expect(await replica.ask("GET", "key")).toContain("last");
    expect(primary.log()).toContain("Waiting for replicas before shutting down.");
    expect(primary.log()).toContain("1 of 1 replicas are in sync when shutting down.");
    for (const client of clients) expect(await client.nextOrClosed()).toMatchObject({ text: "(closed)" });
  }, 60_000);

  test("waits no longer than shutdown-timeout", async () => {
    const primary = await startMyRedis({ "shutdown-timeout": "1" });
    await started(laggingReplica(primary));
    const client = await primary.connect();
    client.send(["SHUTDOWN"]);
    await primary.inner.closed;
    expect(primary.log()).toMatch(/Lagging replica 127\.0\.0\.1:\d+ is \d+ bytes behind/);
    expect(primary.log()).toContain("0 of 1 replicas are in sync when shutting down.");
    client.close();
  }, 60_000);

  test("waits no longer than that when the clock is set back meanwhile", async () => {
    let setMs = 0;
    const primary = await startMyRedis({ "shutdown-timeout": "1" }, { nowMs: () => Date.now() + setMs });
    await started(laggingReplica(primary));
    const client = await primary.connect();
    client.send(["SHUTDOWN"]);
    await untilWaiting(primary);
    setMs = -86_400_000;
    await primary.inner.closed;
    client.close();
  }, 20_000);

  for (const how of ["NOW", "shutdown-timeout 0"]) {
    test(`does not wait with ${how}`, async () => {
      const primary = await startMyRedis({ "shutdown-timeout": how === "NOW" ? "60" : "0" });
      await started(laggingReplica(primary));
      const client = await primary.connect();
      client.send(how === "NOW" ? ["SHUTDOWN", "NOW"] : ["SHUTDOWN"]);
      await primary.inner.closed;
      expect(primary.log()).not.toContain("Waiting for replicas");
      client.close();
    }, 60_000);
  }

  test("goes on when the snapshot cannot be written at the end of the wait", async () => {
    const dir = temporaryFolder("no-snapshot");
    const primary = await started(startMyRedis({ "shutdown-timeout": "1", dir, dbfilename: "dump.rdb" }));
    await started(laggingReplica(primary));
    const client = await primary.connect();
    primary.inner.server.settings.values.dir = `${dir}/missing`;
    client.send(["SHUTDOWN", "SAVE"]);
    expect((await client.next()).text).toBe("ERR Errors trying to SHUTDOWN. Check logs.");
    expect(await primary.ask("SET", "key", "later")).toBe("+OK");
    primary.inner.server.settings.values.dir = dir;
    client.close();
  }, 60_000);

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} waits, too`, async () => {
      const server = await startMyRedisProcess(temporaryFolder("signal"), { "shutdown-timeout": "60" });
      const client = await server.connect();
      const ask = async (...words: string[]): Promise<string> => String((await client.reply(...words)).text);
      const replica = await started(laggingReplica({ port: server.port, ask }));
      process.kill(server.process.pid, signal);
      await waitUntil(async () => /shutdown_in_milliseconds:[1-9]/.test(await ask("INFO", "server")), {
        what: "the end to wait for the replica",
        timeoutMs: 10_000,
      });
      if (signal === "SIGTERM") {
        await replica.service.kill("SIGCONT");
        expect(await server.process.exited).toMatchObject({ code: 0 });
        expect(await replica.ask("GET", "key")).toContain("last");
      } else {
        // Whoever presses Ctrl-C twice does not want to wait.
        process.kill(server.process.pid, signal);
        expect(await server.process.exited).toMatchObject({ code: 1 });
      }
      client.close();
    }, 60_000);
  }

  test("answers as redis-server does while it waits, and when it is aborted", async () => {
    const transcripts: string[][] = [];
    for (const kind of ["redis-server", "MyRedis"] as const) {
      const primary = await started(startServer(kind, { "shutdown-timeout": "60" }));
      await started(laggingReplica(primary));
      const [waiting, second, writer] = [await primary.connect(), await primary.connect(), await primary.connect()];
      const said = [await primary.ask("SHUTDOWN", "ABORT")];
      waiting.send(["SHUTDOWN"]);
      await untilWaiting(primary);
      second.send(["SHUTDOWN", "NOSAVE"]);
      writer.send(["SET", "key", "held"]);
      said.push(await primary.ask("GET", "key"), await primary.ask("SHUTDOWN", "SAVE", "ABORT"));
      said.push(await primary.ask("CLIENT", "UNPAUSE"), await primary.ask("GET", "key"));
      said.push(await primary.ask("SHUTDOWN", "ABORT"));
      for (const client of [waiting, second, writer]) said.push(String((await client.next()).text));
      said.push(await primary.ask("GET", "key"), await primary.ask("SHUTDOWN", "ABORT"));
      for (const client of [waiting, second, writer]) client.close();
      transcripts.push(said);
    }
    expect(transcripts[1]).toEqual(transcripts[0] as string[]);
    expect(transcripts[1]).toContain("ERR Errors trying to SHUTDOWN. Check logs.");
  }, 60_000);
});
