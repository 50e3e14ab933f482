import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import type { Word } from "../differential/harness/resp-connection.ts";
import { FaultyProxy } from "./faulty-proxy.ts";
import {
  closedAfterEach,
  expectSameData,
  infoField,
  startMyRedis,
  startRedis,
  startServer,
  type TestServer,
  untilConnected,
} from "./replication-servers.ts";
import { pairs } from "./workload.ts";

const redis = requireService("redis");

const stateOf = (server: TestServer): Promise<string | undefined> => infoField(server, "master_failover_state");

const until = (what: string, question: () => Promise<boolean>): Promise<void> =>
  waitUntil(question, { what, timeoutMs: 20_000 });

const untilRole = (server: TestServer, role: "master" | "slave"): Promise<void> =>
  until(`${server.name} to be a ${role}`, async () => (await infoField(server, "role")) === role);

/** Replicas may be connected before their primary knows. */
const untilOnline = (primary: TestServer, count = 1): Promise<void> =>
  until(`${count} replicas to be online`, async () => {
    const info = await primary.ask("INFO", "replication");
    return info.match(/state=online/g)?.length === count;
  });

const fullSyncsOf = (server: TestServer): number =>
  server.log().match(/the primary sends all data|Full resync from master/g)?.length ?? 0;

/** Passes everything on but the answer to PSYNC, of which `onAnswer` decides: it gets a function that passes it on. */
async function openAnswerProxy(port: number, onAnswer: (passOn: () => void, near: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const socket of [near, far]) sockets.add(socket);
    near.on("data", (chunk) => far.write(chunk));
    far.on("data", (chunk) => {
      if (/\+(CONTINUE|FULLRESYNC)/.test(chunk.toString("latin1"))) onAnswer(() => near.write(chunk), near);
      else near.write(chunk);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("close", () => other.destroy());
      one.on("error", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe.skipIf(redis.missing)(`FAILOVER${redis.reason}`, () => {
  const started = closedAfterEach();

  /** A primary that reaches its replica only through a proxy. */
  async function startBehindProxy(kind: "MyRedis" | "redis-server", onAnswer: Parameters<typeof openAnswerProxy>[1]) {
    const primary = await started(startMyRedis());
    const replica = await started(startServer(kind));
    const proxy = await openAnswerProxy(replica.port, onAnswer);
    await replica.ask("CONFIG", "SET", "replica-announce-port", proxy.port);
    await replica.ask("REPLICAOF", "127.0.0.1", primary.port);
    await untilConnected(replica);
    return { primary, replica, proxy };
  }

  for (const kind of ["MyRedis", "redis-server"] as const) {
    test(`ends with one primary although the answer of ${kind} is lost`, async () => {
      let lost = 0;
      const { primary, replica, proxy } = await startBehindProxy(kind, (passOn, near) => {
        if (lost++ === 0) near.destroy();
        else passOn();
      });
      using _closed = proxy;
      expect(await primary.ask("FAILOVER")).toBe("+OK");
      await untilRole(replica, "master");
      await until("the end of the failover", async () => (await stateOf(primary)) === "no-failover");
      expect(await infoField(primary, "role")).toBe("slave");
      expect(await primary.ask("SET", "x", "1")).toStartWith("-READONLY");
      await replica.ask("SET", "after", "1");
      await untilConnected(primary);
      await expectSameData(replica, primary);
      expect(lost).toBeGreaterThan(1);
    }, 60_000);
  }

  test("is not aborted while the replica may be taking over", async () => {
    let passOn: (() => void) | undefined;
    const { primary, replica, proxy } = await startBehindProxy("MyRedis", (pass) => void (passOn = pass));
    using _closed = proxy;
    expect(await primary.ask("FAILOVER")).toBe("+OK");
    await until("the answer", async () => passOn !== undefined);
    expect(await primary.ask("FAILOVER", "ABORT")).toStartWith("-ERR The replica has been asked to take over");
    passOn?.();
    await until("the end of the failover", async () => (await stateOf(primary)) === "no-failover");
    expect([await infoField(primary, "role"), await infoField(replica, "role")]).toEqual(["slave", "master"]);
  }, 60_000);

  for (const [primaryKind, replicaKind] of pairs) {
    test(`from ${primaryKind} to ${replicaKind} loses no write, and needs no full synchronisation`, async () => {
      const primary = await started(startServer(primaryKind));
      await primary.ask("SET", "first", "1");
      const replica = await started(startServer(replicaKind, { replicaof: `127.0.0.1 ${primary.port}` }));
      await untilConnected(replica);
      const writer = await primary.connect();
      let written = 0;
      let isRefused = false;
      const writing = (async () => {
        while (!isRefused) {
          const { sign, text } = await writer.reply("INCR", "counter");
          if (sign === ":") written = Number(text);
          else {
            expect(text).toStartWith("READONLY");
            isRefused = true;
          }
        }
      })();
      await until("some writes", async () => written > 20);
      await untilOnline(primary);
      expect(await primary.ask("FAILOVER", "TO", "127.0.0.1", replica.port, "TIMEOUT", "20000")).toBe("+OK");
      await untilRole(replica, "master");
      await writing;
      await untilRole(primary, "slave");
      expect(await replica.ask("GET", "counter")).toContain(String(written));
      await replica.ask("SET", "after", "1");
      await expectSameData(replica, primary);
      expect(await stateOf(primary)).toBe("no-failover");
      expect(fullSyncsOf(primary)).toBe(0);
      // And back again.
      expect(await replica.ask("FAILOVER")).toBe("+OK");
      await untilRole(primary, "master");
      await untilRole(replica, "slave");
      await primary.ask("SET", "again", "1");
      await expectSameData(primary, replica);
      expect(fullSyncsOf(replica)).toBe(1);
      writer.close();
    }, 60_000);
  }

  test("another replica of the old primary goes on with the new one, through the old one", async () => {
    const primary = await started(startMyRedis());
    const next = await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    const other = await started(startRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    await untilConnected(next);
    await untilConnected(other);
    await primary.ask("SET", "a", "1");
    await untilOnline(primary, 2);
    expect(await primary.ask("FAILOVER", "TO", "127.0.0.1", next.port)).toBe("+OK");
    await untilRole(next, "master");
    await untilRole(primary, "slave");
    await next.ask("SET", "b", "1");
    await expectSameData(next, primary);
    await expectSameData(next, other);
    expect(fullSyncsOf(other)).toBe(1);
  }, 60_000);

  /** Replies of both kinds of primary to the same commands. */
  async function compare(play: (primary: TestServer, replica: Replica) => Promise<readonly string[]>): Promise<void> {
    const transcripts: (readonly string[])[] = [];
    for (const kind of ["redis-server", "MyRedis"] as const) {
      const primary = await started(startServer(kind));
      const replica = await started(startRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
      await untilConnected(replica);
      await untilOnline(primary);
      transcripts.push(await play(primary, replica));
    }
    expect(transcripts[1]).toEqual(transcripts[0] as string[]);
  }
  type Replica = Awaited<ReturnType<typeof startRedis>>;

  const askAll = async (server: TestServer, commands: readonly (readonly Word[])[]): Promise<string[]> => {
    const replies: string[] = [];
    for (const words of commands) replies.push(await server.ask(...words));
    return replies;
  };

  test("is refused as redis-server refuses it", async () => {
    await compare(async (primary, replica) => [
      ...(await askAll(primary, [
        ["FAILOVER", "ABORT"],
        ["FAILOVER", "NOW"],
        ["FAILOVER", "ABORT", "NOW"],
        ["FAILOVER", "TO", "127.0.0.1"],
        ["FAILOVER", "TO", "127.0.0.1", "x"],
        ["FAILOVER", "TO", "127.0.0.1", "1"],
        ["FAILOVER", "TIMEOUT"],
        ["FAILOVER", "TIMEOUT", "x"],
        ["FAILOVER", "TIMEOUT", "0"],
        ["FAILOVER", "TIMEOUT", "-1"],
        ["FAILOVER", "TIMEOUT", "1", "TIMEOUT", "2"],
        ["FAILOVER", "FORCE"],
        ["FAILOVER", "FORCE", "FORCE"],
        ["FAILOVER", "TIMEOUT", "100", "FORCE"],
        ["FAILOVER", "TO", "127.0.0.1", replica.port, "FORCE"],
        ["PSYNC", "x".repeat(40), "1", "FAILOVER"],
        ["MULTI"],
        ["FAILOVER"],
        ["FAILOVER", "ABORT"],
        ["DISCARD"],
      ])),
      await replica.ask("FAILOVER"),
    ]);
  }, 60_000);

  test("while the replica lags: pauses writes, can be aborted, and ends at its timeout", async () => {
    await compare(async (primary, replica) => {
      await replica.service.kill("SIGSTOP");
      await primary.ask("SET", "key", "1");
      const said = await askAll(primary, [
        ["FAILOVER", "TO", "127.0.0.1", replica.port],
        ["FAILOVER"],
        ["REPLICAOF", "127.0.0.1", "1"],
        ["REPLICAOF", "NO", "ONE"],
        ["PSYNC", "?", "-1"],
        ["GET", "key"],
      ]);
      said.push(String(await stateOf(primary)));
      const writer = await primary.connect();
      writer.send(["INCR", "key"]);
      said.push(await primary.ask("GET", "key"), await primary.ask("FAILOVER", "ABORT"));
      said.push(String((await writer.next()).text), String(await stateOf(primary)));
      said.push(await primary.ask("FAILOVER", "TIMEOUT", "300"));
      writer.send(["INCR", "key"]);
      said.push(String((await writer.next()).text), String(await stateOf(primary)));
      writer.close();
      await replica.service.kill("SIGCONT");
      await expectSameData(primary, replica);
      return said;
    });
  }, 60_000);

  test("with FORCE hands over at its timeout, without the writes that the replica lacks", async () => {
    await compare(async (primary, replica) => {
      await primary.ask("SET", "key", "1");
      await expectSameData(primary, replica);
      await replica.service.kill("SIGSTOP");
      await primary.ask("INCR", "key");
      const said = await askAll(primary, [["FAILOVER", "TO", "127.0.0.1", replica.port, "TIMEOUT", "100", "FORCE"]]);
      await until("the old primary to hand over", async () => (await stateOf(primary)) === "failover-in-progress");
      said.push(await primary.ask("INCR", "key"), String(await infoField(primary, "role")));
      await replica.service.kill("SIGCONT");
      await untilRole(replica, "master");
      await expectSameData(replica, primary);
      said.push(await primary.ask("GET", "key"), String(await stateOf(primary)));
      return said;
    });
  }, 60_000);

  for (const to of ["a named replica", "any replica"]) {
    test(`without a timeout ends with the last connection to ${to}; redis-server pauses writes for ever`, async () => {
      for (const kind of ["redis-server", "MyRedis"] as const) {
        const primary = await started(startServer(kind));
        const replica = await started(startRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
        await untilConnected(replica);
        await untilOnline(primary);
        await replica.service.kill("SIGSTOP");
        await primary.ask("SET", "key", "1");
        const target = to === "any replica" ? [] : ["TO", "127.0.0.1", replica.port];
        expect(await primary.ask("FAILOVER", ...target)).toBe("+OK");
        const writer = await primary.connect();
        writer.send(["INCR", "key"]);
        expect(await primary.ask("CLIENT", "KILL", "TYPE", "replica")).toBe(":1");
        await replica.service.kill("SIGCONT");
        if (kind === "redis-server") {
          await until("the replica to be refused", async () => replica.log().includes("Can't SYNC while failing over"));
          expect(await stateOf(primary)).toBe("waiting-for-sync");
          expect(await primary.ask("GET", "key")).toContain("1");
          expect(await primary.ask("FAILOVER", "ABORT")).toBe("+OK");
        }
        expect((await writer.next()).text).toBe("2");
        expect([await stateOf(primary), await infoField(primary, "role")]).toEqual(["no-failover", "master"]);
        writer.close();
        await expectSameData(primary, replica);
      }
    }, 60_000);
  }

  for (const kind of ["MyRedis", "redis-server"] as const) {
    test(`to ${kind} needs no full synchronisation while a sign of life or a question is on its way`, async () => {
      const primary = await started(startMyRedis({ "repl-ping-replica-period": "1" }));
      const link = await FaultyProxy.open(primary.port);
      using _closed = { [Symbol.dispose]: () => link.close() };
      const replica = await started(startServer(kind));
      await replica.ask("REPLICAOF", "127.0.0.1", link.port);
      await primary.ask("SET", "key", "1");
      await expectSameData(primary, replica);
      await untilOnline(primary);
      link.delayMs = 600;
      const endOf = (server: TestServer): Promise<string | undefined> => infoField(server, "master_repl_offset");
      await until("a ping to be on its way", async () => (await endOf(primary)) !== (await endOf(replica)));
      expect(await primary.ask("FAILOVER")).toBe("+OK");
      await untilRole(replica, "master");
      await untilRole(primary, "slave");
      await expectSameData(replica, primary);
      expect(fullSyncsOf(primary)).toBe(0);
    }, 60_000);
  }

  test("pauses no write when no replica is online that could take over", async () => {
    const primary = await started(startMyRedis());
    const reader = await primary.connect();
    // It says of no port where it serves clients.
    reader.send(["PSYNC", "?", "-1"]);
    await until("the reader to be attached", async () => (await infoField(primary, "connected_slaves")) === "1");
    expect(await primary.ask("FAILOVER")).toBe("-ERR FAILOVER requires connected replicas.");
    expect(await primary.ask("SET", "key", "1")).toBe("+OK");
    reader.close();
  }, 60_000);

  test("needs no acknowledgement of its own last question: redis-server answers with the offset before it", async () => {
    const primary = await started(startMyRedis());
    const socket = connect(primary.port, "127.0.0.1");
    using _closed = { [Symbol.dispose]: () => void socket.destroy() };
    let [said, offset] = ["", -1];
    socket.on("data", (chunk) => {
      said += chunk.toString("latin1");
      if (offset < 0 && /\$EOF:(\w{40})\r\n[\s\S]*\1$/.test(said)) {
        offset = Number(/FULLRESYNC \w+ (\d+)/.exec(said)?.[1]);
        said = "";
        socket.write(`REPLCONF ACK ${offset}\r\n`);
      }
      for (const { index } of said.matchAll(/\*3\r\n\$8\r\nREPLCONF\r\n\$6\r\nGETACK/g)) {
        socket.write(`REPLCONF ACK ${offset + index}\r\n`);
      }
    });
    socket.write("REPLCONF listening-port 1 capa eof capa psync2\r\nPSYNC ? -1\r\n");
    await untilOnline(primary);
    await primary.ask("SET", "key", "1");
    expect(await primary.ask("FAILOVER")).toBe("+OK");
    await until("the end of the wait", async () => primary.log().includes("it is synced, failing over"));
    expect(await primary.ask("FAILOVER", "ABORT")).toBe("+OK");
  }, 60_000);

  test("is given up when the replica refuses to take over", async () => {
    const primary = await started(startMyRedis());
    const replica = await started(startRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    await untilConnected(replica);
    await primary.ask("SET", "key", "1");
    await expectSameData(primary, replica);
    await untilOnline(primary);
    await replica.ask("ACL", "SETUSER", "default", "-psync");
    expect(await primary.ask("FAILOVER", "TO", "127.0.0.1", replica.port)).toBe("+OK");
    await until("the failover to end", async () => (await stateOf(primary)) === "no-failover");
    expect(await infoField(primary, "role")).toBe("master");
    expect(primary.log()).toContain("Failover target rejected psync request");
    expect(await primary.ask("INCR", "key")).toBe(":2");
    await replica.ask("ACL", "SETUSER", "default", "+psync");
    await expectSameData(primary, replica);
  }, 60_000);

  for (const kind of ["MyRedis", "redis-server"] as const) {
    test(`is given up when the replica has been started again as an empty primary of ${kind}`, async () => {
      const primary = await started(startMyRedis());
      const empty = await started(startServer(kind));
      const replica = await started(startMyRedis({ "replica-announce-port": String(empty.port) }));
      await replica.ask("REPLICAOF", "127.0.0.1", primary.port);
      await primary.ask("SET", "kept", "1");
      await expectSameData(primary, replica);
      await untilOnline(primary);
      expect(await primary.ask("FAILOVER")).toBe("+OK");
      await until("the failover to end", async () => (await stateOf(primary)) === "no-failover");
      expect(await infoField(primary, "role")).toBe("master");
      expect(primary.log()).toContain("Failover target rejected psync request");
      expect(await primary.ask("INCR", "kept")).toBe(":2");
      await expectSameData(primary, replica);
    }, 60_000);
  }

  test("with FORCE ends with one primary although the answer is lost, and the replica lacks a write", async () => {
    let lost = 0;
    const { primary, replica, proxy } = await startBehindProxy("MyRedis", (passOn, near) => {
      if (lost++ === 0) near.destroy();
      else passOn();
    });
    using _closed = proxy;
    const link = await FaultyProxy.open(primary.port);
    using _cut = { [Symbol.dispose]: () => link.close() };
    await replica.ask("REPLICAOF", "127.0.0.1", link.port);
    await primary.ask("SET", "key", "1");
    await expectSameData(primary, replica);
    await untilOnline(primary);
    link.silent = "to replica";
    await primary.ask("INCR", "key");
    expect(await primary.ask("FAILOVER", "TO", "127.0.0.1", proxy.port, "TIMEOUT", "100", "FORCE")).toBe("+OK");
    await untilRole(replica, "master");
    await until("the end of the failover", async () => (await stateOf(primary)) === "no-failover");
    expect(await infoField(primary, "role")).toBe("slave");
    await expectSameData(replica, primary);
    expect(await primary.ask("GET", "key")).toContain("1");
    expect(lost).toBeGreaterThan(1);
  }, 60_000);

  test("a replica takes over only by its primary's word, and only for its own history", async () => {
    const primary = await started(startRedis());
    const replica = await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    await untilConnected(replica);
    expect(await replica.ask("PSYNC", "0".repeat(40), "1", "FAILOVER")).toBe(
      "-ERR PSYNC FAILOVER replid must match my replid.",
    );
    expect(await primary.ask("PSYNC", "0".repeat(40), "1", "FAILOVER")).toBe(
      "-ERR PSYNC FAILOVER can't be sent to a master.",
    );
    expect(await infoField(replica, "role")).toBe("slave");
  }, 60_000);
});
