import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  findProgram,
  requireService,
  startProcess,
  temporaryFolder,
  waitUntil,
} from "../../../tools/test-services/index.ts";
import { readRdbFacts } from "../../src/persistence/rdb/rdb-facts.ts";
import { startOpenServer } from "../../src/start-server.ts";
import { startMyRedis as startMyRedisProcess } from "../crash/my-redis-process.ts";
import { closedAfterEach, infoField, startMyRedis } from "./replication-servers.ts";

const redis = requireService("redis");
const redisCli = findProgram("redis-cli");

/** A replica that speaks the protocol of old releases. */
class OldReplica {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  isClosed = false;

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1" });
    this.#socket.on("data", (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    });
    this.#socket.on("close", () => {
      this.isClosed = true;
    });
    this.#socket.on("error", () => {});
  }

  say(line: string): void {
    this.#socket.write(`${line}\r\n`);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  get text(): string {
    return this.#bytes.toString("latin1");
  }

  /** Waits for this text. */
  async until(text: string): Promise<void> {
    await waitUntil(() => this.text.includes(text), { what: `'${text}'`, timeoutMs: 20_000 });
  }

  /** The snapshot, after its header has been checked, and what came before and after it. */
  async snapshot(): Promise<{ before: string; snapshot: Buffer; after: () => string }> {
    await waitUntil(() => /^\$\d+\r\n/m.test(this.text), { what: "the length", timeoutMs: 20_000 });
    const { index, 0: header } = /^\$(\d+)\r\n/m.exec(this.text) as RegExpExecArray;
    const start = index + header.length;
    const end = start + Number(header.slice(1));
    await waitUntil(() => this.#bytes.length >= end, { what: "the whole snapshot", timeoutMs: 20_000 });
    return {
      before: this.text.slice(0, index),
      snapshot: this.#bytes.subarray(start, end),
      after: () => this.text.slice(end),
    };
  }

  close(): void {
    this.#socket.destroy();
  }
}

const temporaryFiles = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith("temp-"));

describe("a replica that does not announce 'capa eof'", () => {
  const started = closedAfterEach();

  for (const how of ["SYNC", "PSYNC ? -1"]) {
    test(`gets by ${how} the length, the snapshot, and then every change`, async () => {
      const dir = temporaryFolder("old-replica");
      const primary = await started(startMyRedis({ dir }));
      await primary.ask("SET", "before", "1");
      const replica = new OldReplica(primary.port);
      replica.say(how);
      const { before, snapshot, after } = await replica.snapshot();
      expect(before.trim()).toMatch(how === "SYNC" ? /^$/ : /^\+FULLRESYNC [0-9a-f]{40} \d+$/);
      const file = join(temporaryFolder("received"), "dump.rdb");
      writeFileSync(file, snapshot);
      expect(readRdbFacts(file)).toMatchObject({ isEmpty: false });
      await primary.ask("SET", "after", "2");
      await replica.until("after");
      expect(after()).toContain("*3\r\n$3\r\nSET\r\n$5\r\nafter\r\n$1\r\n2\r\n");
      expect(await infoField(primary, "slave0")).toContain("state=online");
      await waitUntil(() => temporaryFiles(dir).length === 0, { what: "the file to be removed", timeoutMs: 10_000 });
      replica.close();
    }, 60_000);
  }

  test("two of them share one file", async () => {
    const primary = await started(
      startMyRedis({ "repl-diskless-sync-max-replicas": "2", "repl-diskless-sync-delay": "60" }),
    );
    await primary.ask("DEBUG", "POPULATE", "40000", "key", "1000");
    const [one, other] = [new OldReplica(primary.port), new OldReplica(primary.port)];
    one.say("SYNC");
    other.say("SYNC");
    const { snapshot } = await one.snapshot();
    expect(snapshot.length).toBeGreaterThan(100_000);
    expect((await other.snapshot()).snapshot.equals(snapshot)).toBe(true);
    expect(primary.log().match(/full synchronisation of .*, .* begins/g)).toHaveLength(1);
    for (const replica of [one, other]) replica.close();
  }, 60_000);

  test("is answered with an error when the file cannot be written, and its file does not stay when it leaves", async () => {
    const dir = temporaryFolder("old-replica");
    const primary = await started(startMyRedis({ dir }));
    await primary.ask("DEBUG", "POPULATE", "40000", "key", "1000");
    primary.inner.server.settings.values.dir = join(dir, "missing");
    const refused = new OldReplica(primary.port);
    refused.say("SYNC");
    await refused.until("-ERR BGSAVE failed, replication can't continue");
    await waitUntil(() => refused.isClosed, { what: "the end of the connection", timeoutMs: 10_000 });
    expect(primary.log()).toContain("the file for a full synchronisation cannot be written");
    mkdirSync(join(dir, "missing"));
    const leaving = new OldReplica(primary.port);
    leaving.say("SYNC");
    leaving.pause();
    await waitUntil(() => temporaryFiles(join(dir, "missing")).length > 0, { what: "the file", timeoutMs: 20_000 });
    leaving.close();
    await waitUntil(() => temporaryFiles(join(dir, "missing")).length === 0, {
      what: "the file to be removed",
      timeoutMs: 20_000,
    });
    primary.inner.server.settings.values.dir = dir;
    rmSync(join(dir, "missing"), { recursive: true });
  }, 60_000);

  test("what a crash leaves of the file is removed at the next start", async () => {
    const dir = temporaryFolder("old-replica");
    const primary = await startMyRedisProcess(dir, {
      appendonly: "no",
      "enable-debug-command": "yes",
      "repl-diskless-sync-delay": "0",
    });
    const client = await primary.connect();
    await client.reply("DEBUG", "POPULATE", "100000", "key", "1000");
    client.close();
    const replica = new OldReplica(primary.port);
    replica.say("SYNC");
    replica.pause();
    await waitUntil(() => temporaryFiles(dir).length > 0, { what: "the file", timeoutMs: 20_000 });
    await primary.process.kill("SIGKILL");
    replica.close();
    expect(temporaryFiles(dir)).toHaveLength(1);
    const again = await startMyRedisProcess(dir, { appendonly: "no" });
    expect(temporaryFiles(dir)).toEqual([]);
    await again.process.kill("SIGKILL");
  }, 60_000);

  for (const how of ["SYNC", "PSYNC ? -1"]) {
    test(`is let go after ${how} when it sends another command, because replicas get no replies`, async () => {
      const primary = await started(startMyRedis());
      const replica = new OldReplica(primary.port);
      replica.say(how);
      await replica.snapshot();
      replica.say("SYNC");
      replica.say("REPLCONF ACK 0");
      await waitUntil(async () => ((await infoField(primary, "slave0")) ?? "").includes("state=online"), {
        what: "the replica to be online",
        timeoutMs: 20_000,
      });
      replica.say("XINFO HELP");
      await waitUntil(() => replica.isClosed, { what: "the end of the connection", timeoutMs: 20_000 });
      expect(primary.log()).toContain("it has sent the command 'xinfo|help', and replicas get no replies");
      expect(replica.text).not.toContain("XINFO");
    }, 60_000);
  }

  test("is refused by a server that writes no file", async () => {
    const primary = await startOpenServer({ port: 0, memory: true });
    const replica = new OldReplica(primary.port);
    replica.say("SYNC");
    await replica.until("-ERR a server that writes no file sends a snapshot only after 'REPLCONF capa eof'");
    replica.close();
    await primary.close();
  }, 60_000);
});

describe.skipIf(redis.missing || redisCli === undefined)(`redis-cli${redis.reason}`, () => {
  const started = closedAfterEach();

  test("--rdb fetches a snapshot that redis-server and MyRedis can load", async () => {
    const primary = await started(startMyRedis());
    await primary.ask("SET", "key", "value");
    const dir = temporaryFolder("fetched");
    const fetching = await startProcess({
      cmd: [redisCli as string, "-p", String(primary.port), "--rdb", join(dir, "dump.rdb")],
    });
    expect(await fetching.exited).toMatchObject({ code: 0 });
    expect(readFileSync(join(dir, "dump.rdb")).subarray(0, 5).toString()).toBe("REDIS");
    const loaded = await started(startMyRedis({ dir }));
    expect(await loaded.ask("GET", "key")).toContain("value");
  }, 60_000);

  test("--replica shows the stream", async () => {
    const primary = await started(startMyRedis());
    const watching = await startProcess({ cmd: [redisCli as string, "-p", String(primary.port), "--replica"] });
    await waitUntil(async () => ((await infoField(primary, "slave0")) ?? "").includes("state=online"), {
      what: "redis-cli to be a replica",
      timeoutMs: 20_000,
    });
    await primary.ask("SET", "seen", "1");
    await waitUntil(() => watching.stdout().includes("seen"), { what: "the change", timeoutMs: 20_000 });
    await watching.kill("SIGKILL");
  }, 60_000);
});
