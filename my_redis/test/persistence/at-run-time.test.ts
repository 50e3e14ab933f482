import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer, type StartOptions } from "../../src/start-server.ts";
import { Arguments } from "../../src/protocol/arguments.ts";
import { ReplyWriter } from "../../src/protocol/reply-writer.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";

interface Scene {
  readonly folder: string;
  readonly server: OpenServer;
  readonly connection: RespConnection;
  ask(...words: Word[]): Promise<string | null | undefined>;
  close(): Promise<void>;
}

async function start(options: StartOptions = {}): Promise<Scene> {
  const folder = options.dir ?? temporaryFolder("run-time");
  const server = await startOpenServer({ port: 0, hz: 100, ...options, dir: folder });
  const connection = await RespConnection.open(server.port, "MyRedis");
  return {
    folder,
    server,
    connection,
    ask: async (...words) => (await connection.reply(...words)).text,
    close: async () => {
      connection.close();
      await server.close();
    },
  };
}

const infoLine = async ({ ask }: Scene, name: string): Promise<string | undefined> =>
  new RegExp(`^${name}:(.*)\r$`, "m").exec((await ask("INFO", "persistence")) ?? "")?.[1];

/** Waits until no file is being written in the background. */
async function settled(scene: Scene): Promise<void> {
  const lines = ["aof_rewrite_in_progress", "aof_rewrite_scheduled", "rdb_bgsave_in_progress"];
  await waitUntil(
    async () => (await Promise.all(lines.map((line) => infoLine(scene, line)))).every((value) => value === "0"),
    { timeoutMs: 10_000, what: "background writing to end" },
  );
}

/** The manifest as redis-server would write it. */
const manifestOf = (folder: string): string =>
  readFileSync(join(folder, "appendonlydir", "appendonly.aof.manifest"), "utf8")
    .replace(/^#[^\n]*\n/, "")
    .replaceAll(/ bytes \d+$/gm, "");

/** The values that another server loads from the folder. */
async function found(folder: string, options: StartOptions, ...keys: string[]): Promise<unknown[]> {
  const scene = await start({ dir: folder, ...options });
  const reply = await scene.connection.reply("MGET", ...keys);
  await scene.close();
  return (reply.items ?? []).map(({ text }) => text);
}

describe("the log at run time", () => {
  test("begins with the existing data, and ends with what was logged until then", async () => {
    const scene = await start();
    await scene.ask("SET", "before", 1);
    expect(await scene.ask("CONFIG", "SET", "appendonly", "yes")).toBe("OK");
    await scene.ask("SET", "during", 2);
    await settled(scene);
    expect(await infoLine(scene, "aof_enabled")).toBe("1");
    expect(manifestOf(scene.folder)).toBe(
      "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n",
    );
    expect(await scene.ask("CONFIG", "SET", "appendonly", "no")).toBe("OK");
    await scene.ask("SET", "after", 3);
    await scene.close();
    expect(await found(scene.folder, { appendonly: true }, "before", "during", "after")).toEqual(["1", "2", null]);
  });

  test("that is ended and begun again at once holds what was not logged meanwhile", async () => {
    const scene = await start({ appendonly: true });
    await scene.ask("SET", "first", 1);
    for (let round = 0; round < 5; round++) {
      await scene.ask("CONFIG", "SET", "appendonly", "no");
      await scene.ask("SET", `unlogged:${round}`, round);
      await scene.ask("CONFIG", "SET", "appendonly", "yes");
    }
    await settled(scene);
    await scene.close();
    const keys = ["first", ...Array.from({ length: 5 }, (_, round) => `unlogged:${round}`)];
    expect(await found(scene.folder, { appendonly: true }, ...keys)).toEqual(["1", "0", "1", "2", "3", "4"]);
  });

  test("that has only just begun is whole when the server ends before its base is written", async () => {
    const scene = await start();
    for (let number = 0; number < 3000; number++) void scene.connection.reply("SET", `key:${number}`, number);
    await scene.ask("CONFIG", "SET", "appendonly", "yes");
    await scene.ask("SET", "last", 1);
    await scene.close();
    expect(await found(scene.folder, { appendonly: true }, "key:0", "key:2999", "last")).toEqual(["0", "2999", "1"]);
  });

  test("is not begun in a folder where another server writes its own", async () => {
    const first = await start({ appendonly: true });
    const second = await start({ dir: first.folder });
    expect(await second.ask("CONFIG", "SET", "appendonly", "yes")).toMatch(/Unable to turn on AOF. Check server logs/);
    expect((await second.connection.reply("CONFIG", "GET", "appendonly")).items?.[1]?.text).toBe("no");
    expect(await infoLine(second, "aof_enabled")).toBe("0");
    await second.close();
    await first.close();
  });

  test("is rewritten automatically when it has grown enough, and not below the minimum size", async () => {
    const scene = await start({ appendonly: true, "auto-aof-rewrite-min-size": 4096 });
    await scene.ask("SET", "key", "x".repeat(1000));
    for (let round = 0; round < 3; round++) await scene.ask("INCR", "counter");
    expect(await infoLine(scene, "aof_rewrites")).toBe("0");
    for (let round = 0; round < 300; round++) await scene.ask("INCR", "counter");
    await waitUntil(async () => (await infoLine(scene, "aof_rewrites")) !== "0", { timeoutMs: 10_000, what: "it" });
    expect(manifestOf(scene.folder)).toContain(" type b");
    await scene.close();
    expect(await found(scene.folder, { appendonly: true }, "counter")).toEqual(["303"]);
  });

  test("is rewritten while commands, transactions and scripts of another database continue, and loses none", async () => {
    const scene = await start({ appendonly: true });
    const script = "redis.call('INCR', KEYS[1]) redis.call('SELECT', 5) return redis.call('INCR', KEYS[1])";
    const commands: Word[][] = [["MULTI"], ["INCR", "a"], ["INCR", "b"], ["EXEC"], ["INCR", "c"]];
    const asker = await RespConnection.open(scene.server.port, "MyRedis");
    await asker.replies([
      ["SELECT", 3],
      ["MSET", ...Array.from({ length: 4000 }, (_, at) => `key:${at >> 1}`)],
    ]);
    await scene.ask("SELECT", 3);
    let done = 0;
    for (let round = 1; round <= 10; round++) {
      expect((await asker.reply("BGREWRITEAOF")).text).toContain("rewriting started");
      do {
        await scene.connection.replies(done % 10 === 9 ? [...commands, ["EVAL", script, 1, "d"]] : commands);
        done++;
      } while (!((await asker.reply("INFO", "persistence")).text ?? "").includes(`aof_rewrites:${round}\r`));
    }
    asker.close();
    await scene.close();
    const again = await start({ dir: scene.folder, appendonly: true });
    const replies = await again.connection.replies([
      ["SELECT", 3],
      ["MGET", "a", "b", "c", "d"],
      ["SELECT", 5],
      ["GET", "d"],
    ]);
    await again.close();
    const scripts = String(Math.floor(done / 10));
    expect(replies[1]?.items?.map(({ text }) => text)).toEqual([done, done, done, scripts].map(String));
    expect(replies[3]?.text).toBe(scripts);
  });

  test("is rewritten with what is done and not yet written in the old increment, not once more in the new one", async () => {
    // The cron runs so rarely that only the rewrite can flush the pending commands.
    const scene = await start({ appendonly: true, hz: 1 });
    const { server } = scene.server;
    const context = server.clients.addPseudo("script");
    server.processor.process(context, Arguments.from(["INCR", "counter"]), new ReplyWriter());
    expect(server.changes.pendingBytes).toBeGreaterThan(0);
    server.parts.storage?.log.rewriter.begin();
    await waitUntil(() => server.parts.storage?.log.rewriter.count === 1, { timeoutMs: 10_000, what: "the rewrite" });
    await scene.close();
    expect(await found(scene.folder, { appendonly: true }, "counter")).toEqual(["1"]);
  });

  for (const how of ["rewritten", "ended before its base is written"]) {
    test(`that is begun and ${how} keeps the unsettled writes across nodes`, async () => {
      const scene = await start();
      const { server } = scene.server;
      const entry = { type: "promised", id: "7", participants: ["a:1", "b:2"], ballot: 3 } as const;
      server.parts.book.apply(entry, 0);
      await scene.ask("CONFIG", "SET", "appendonly", "yes");
      if (how === "rewritten") {
        await settled(scene);
        await scene.ask("BGREWRITEAOF");
        await settled(scene);
      }
      await scene.close();
      const again = await start({ dir: scene.folder, appendonly: true });
      expect(again.server.server.parts.book.snapshot()).toEqual([entry]);
      await again.close();
    });
  }
});

describe("snapshots at run time", () => {
  test("are written at save points, and at the end where there are some", async () => {
    const clock = { nowMs: 1_700_000_000_000 };
    const scene = await start({
      save: "60 3",
      environment: { nowMs: () => clock.nowMs, monotonicMs: () => clock.nowMs },
    });
    await scene.connection.replies([
      ["SET", "a", 1],
      ["SET", "b", 2],
    ]);
    clock.nowMs += 61_000;
    await Bun.sleep(50);
    expect(await infoLine(scene, "rdb_saves")).toBe("0");
    expect(await infoLine(scene, "rdb_changes_since_last_save")).toBe("2");
    await scene.ask("SET", "c", 3);
    await waitUntil(async () => (await infoLine(scene, "rdb_saves")) === "1", { timeoutMs: 10_000, what: "the save" });
    expect(await infoLine(scene, "rdb_changes_since_last_save")).toBe("0");
    expect(await scene.ask("LASTSAVE")).toBe(String(1_700_000_061));
    await scene.ask("SET", "d", 4);
    await scene.close();
    expect(await found(scene.folder, {}, "a", "b", "c", "d")).toEqual(["1", "2", "3", "4"]);
  });

  test("are not written at the end without save points, unless SHUTDOWN SAVE asks for one", async () => {
    const scene = await start();
    await scene.ask("SET", "a", 1);
    await scene.close();
    expect(existsSync(join(scene.folder, "dump.rdb"))).toBe(false);
    const asked = await start({ dir: scene.folder });
    await asked.ask("SET", "a", 2);
    await asked.connection.reply("SHUTDOWN", "SAVE").catch(() => undefined);
    await asked.server.closed;
    expect(await found(scene.folder, {}, "a")).toEqual(["2"]);
    const refusing = await start({ dir: scene.folder, save: "60 1" });
    await refusing.ask("SET", "a", 3);
    await refusing.connection.reply("SHUTDOWN", "NOSAVE").catch(() => undefined);
    await refusing.server.closed;
    expect(await found(scene.folder, {}, "a")).toEqual(["2"]);
  });

  test("wait for a rewrite of the log, and a rewrite for them", async () => {
    const scene = await start({ appendonly: true });
    const replies = await scene.connection.replies([
      ["SET", "a", 1],
      ["BGSAVE"],
      ["BGSAVE"],
      ["BGREWRITEAOF"],
      ["BGSAVE", "NOW"],
    ]);
    expect(replies.slice(1).map(({ text }) => text)).toEqual([
      "Background saving started",
      "ERR Background save already in progress",
      "Background append only file rewriting scheduled",
      "ERR syntax error",
    ]);
    await settled(scene);
    const others = await scene.connection.replies([
      ["BGREWRITEAOF"],
      ["BGREWRITEAOF"],
      ["BGSAVE"],
      ["BGSAVE", "SCHEDULE"],
    ]);
    expect(others.map(({ text }) => text)).toEqual([
      "Background append only file rewriting started",
      "ERR Background append only file rewriting already in progress",
      expect.stringContaining("ERR Another child process is active (AOF?): can't BGSAVE right now."),
      "Background saving scheduled",
    ]);
    await waitUntil(async () => (await infoLine(scene, "rdb_saves")) === "2", { timeoutMs: 10_000, what: "the save" });
    expect(await infoLine(scene, "aof_rewrites")).toBe("2");
    await scene.close();
  });

  test("that cannot be written are reported, refuse writes where only snapshots keep the data, and are tried again", async () => {
    const scene = await start({ save: "3600 1" });
    await scene.ask("SET", "a", 1);
    // A folder has the snapshot's name, so that the file can be written but not renamed.
    mkdirSync(join(scene.folder, "dump.rdb", "in the way"), { recursive: true });
    expect(await scene.ask("SAVE")).toBe("ERR");
    await scene.ask("BGSAVE");
    await settled(scene);
    expect(await infoLine(scene, "rdb_last_bgsave_status")).toBe("err");
    expect(await scene.ask("SET", "a", 2)).toMatch(/^MISCONF Redis is configured to save RDB snapshots/);
    expect(await scene.ask("GET", "a")).toBe("1");
    expect(await scene.ask("SHUTDOWN")).toBe("ERR Errors trying to SHUTDOWN. Check logs.");
    expect(await scene.ask("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")).toBe("OK");
    expect(await scene.ask("SET", "a", 2)).toBe("OK");
    expect(readdirSync(scene.folder)).toEqual(["dump.rdb"]);
    await scene.connection.reply("SHUTDOWN", "FORCE").catch(() => undefined);
    await scene.server.closed;
  });

  test("whose file cannot be created refuse writes, too", async () => {
    const scene = await start({ save: "3600 1" });
    await scene.ask("SET", "a", 1);
    renameSync(scene.folder, `${scene.folder}-away`);
    expect(await scene.ask("BGSAVE")).toBe("ERR");
    expect(await infoLine(scene, "rdb_last_bgsave_status")).toBe("err");
    expect(await scene.ask("SET", "a", 2)).toMatch(/^MISCONF Redis is configured to save RDB snapshots/);
    renameSync(`${scene.folder}-away`, scene.folder);
    expect(await scene.ask("BGSAVE")).toBe("Background saving started");
    await settled(scene);
    expect(await scene.ask("SET", "a", 2)).toBe("OK");
    await scene.close();
  });

  test("whose file cannot be created let PING fail as in Redis, so that Sentinel and others who watch the server notice", async () => {
    const [replica, scene] = [await start({ save: "3600 1" }), await start({ save: "3600 1" })];
    renameSync(scene.folder, `${scene.folder}-away`);
    expect(await scene.ask("PING")).toBe("PONG");
    expect(await scene.ask("BGSAVE")).toBe("ERR");
    expect(await scene.ask("PING")).toMatch(/^MISCONF Redis is configured to save RDB snapshots/);
    expect(await scene.ask("EVAL", "return redis.call('PING')", 0)).toBe("PONG");
    // A replica is needed now more than ever.
    await replica.ask("REPLICAOF", "127.0.0.1", scene.server.port);
    const isUp = async (): Promise<boolean> =>
      (await replica.ask("INFO", "replication"))?.includes("master_link_status:up") === true;
    await waitUntil(isUp, { what: "the replica to be connected", timeoutMs: 10_000 });
    renameSync(`${scene.folder}-away`, scene.folder);
    expect(await scene.ask("BGSAVE")).toBe("Background saving started");
    await settled(scene);
    expect(await scene.ask("PING")).toBe("PONG");
    await Promise.all([replica.close(), scene.close()]);
  });

  test("that can neither be completed nor removed are reported, refuse writes, and are tried again", async () => {
    const scene = await start({ save: "3600 1" });
    await scene.ask("SET", "a", 1);
    const { snapshots } = scene.server.server.storage ?? {};
    snapshots?.begin();
    // A file is where the folder was: nothing below it can be renamed or removed.
    renameSync(scene.folder, `${scene.folder}-away`);
    writeFileSync(scene.folder, "in the way");
    await settled(scene);
    expect(await infoLine(scene, "rdb_last_bgsave_status")).toBe("err");
    expect(await scene.ask("SET", "a", 2)).toMatch(/^MISCONF Redis is configured to save RDB snapshots/);
    rmSync(scene.folder);
    renameSync(`${scene.folder}-away`, scene.folder);
    expect(await scene.ask("BGSAVE")).toBe("Background saving started");
    await settled(scene);
    expect(await scene.ask("SET", "a", 2)).toBe("OK");
    await scene.close();
  });

  test("are what a first log begins with, so that turning the log on loses no data", async () => {
    const scene = await start();
    await scene.connection.replies([["SET", "a", 1], ["SAVE"]]);
    await scene.close();
    expect(await found(scene.folder, { appendonly: true }, "a")).toEqual(["1"]);
    expect(manifestOf(scene.folder)).toContain("file appendonly.aof.1.base.rdb seq 1 type b");
    // From now on only the log is loaded.
    const again = await start({ dir: scene.folder, appendonly: true });
    await again.ask("DEL", "a");
    await again.close();
    expect(await found(scene.folder, { appendonly: true }, "a")).toEqual([null]);
  });

  test("that are broken refuse the start, and stay as they are", async () => {
    const folder = temporaryFolder("run-time");
    const path = join(folder, "dump.rdb");
    writeFileSync(path, "REDIS0010 and nonsense");
    await expect(start({ dir: folder })).rejects.toThrow(/dump.rdb: bad at offset \d+: /);
    expect(readFileSync(path, "latin1")).toBe("REDIS0010 and nonsense");
    const other = temporaryFolder("run-time");
    mkdirSync(join(other, "dump.rdb"));
    await expect(start({ dir: other })).rejects.toThrow(/dump.rdb cannot be read: /);
  });
});

describe("DEBUG replaces the dataset", () => {
  test("by a snapshot of it, by an earlier one, and by both together, and logs nothing of that", async () => {
    const scene = await start({ appendonly: true, "enable-debug-command": "yes" });
    const logged = async (): Promise<string | undefined> => infoLine(scene, "aof_current_size");
    await scene.connection.replies([
      ["SET", "a", 1],
      ["RPUSH", "list", 1, 2, 3],
    ]);
    const before = await logged();
    expect(await scene.ask("DEBUG", "RELOAD")).toBe("OK");
    expect(await scene.ask("LLEN", "list")).toBe("3");
    expect(await logged()).toBe(before);
    await scene.connection.replies([
      ["SET", "a", 2],
      ["SET", "b", 2],
    ]);
    expect(await scene.ask("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH")).toMatch(/^ERR Error trying to load the RDB dump/);
    expect(await scene.ask("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE")).toBe("OK");
    expect((await scene.connection.reply("MGET", "a", "b")).items?.map(({ text }) => text)).toEqual(["1", "2"]);
    expect(await scene.ask("DEBUG", "RELOAD", "NOSAVE")).toBe("OK");
    expect((await scene.connection.reply("MGET", "a", "b")).items?.map(({ text }) => text)).toEqual(["1", null]);
    const beforeLoading = await logged();
    expect(await scene.ask("DEBUG", "LOADAOF")).toBe("OK");
    expect((await scene.connection.reply("MGET", "a", "b")).items?.map(({ text }) => text)).toEqual(["2", "2"]);
    expect(await logged()).toBe(beforeLoading);
    expect(await scene.ask("DEBUG", "RELOAD", "LATER")).toMatch(/^ERR DEBUG RELOAD only supports/);
    await scene.close();
  });

  test("by the base that BGREWRITEAOF wrote, where commands are not logged", async () => {
    const scene = await start({ "enable-debug-command": "yes" });
    await scene.connection.replies([["SET", "a", 1], ["BGREWRITEAOF"]]);
    await settled(scene);
    await scene.ask("SET", "a", 2);
    expect(await scene.ask("DEBUG", "LOADAOF")).toBe("OK");
    expect(await scene.ask("GET", "a")).toBe("1");
    expect(manifestOf(scene.folder)).toBe("file appendonly.aof.1.base.rdb seq 1 type b\n");
    await scene.close();
  });
});
