import { afterEach, describe, expect, test } from "bun:test";
import { temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer, type StartOptions } from "../../src/start-server.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";

const dayMs = 86_400_000;
const soonMs = 10_000;

/** The clocks of a server: the test sets the one and lets time pass on the other. */
class Clocks {
  wallMs = 1_700_000_000_000;
  passedMs = 0;
  readonly environment = {
    nowMs: () => Math.floor(this.wallMs + performance.now()),
    monotonicMs: () => this.passedMs + performance.now(),
  };

  /** Time passes on both clocks. */
  pass(ms: number): void {
    this.passedMs += ms;
    this.wallMs += ms;
  }
}

/** The wall clock is set by an operator, or by the network. Durations must not follow it. */
describe("when the clock is set", () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  async function connect(server: OpenServer): Promise<RespConnection> {
    const connection = await RespConnection.open(server.port, "MyRedis");
    closing.push(() => connection.close());
    return connection;
  }

  async function start(options: StartOptions = {}) {
    const clocks = new Clocks();
    const server = await startOpenServer({
      ...{ port: 0, memory: options.dir === undefined, hz: 100, environment: clocks.environment },
      ...options,
    });
    closing.push(() => server.close());
    const client = await connect(server);
    const ask = async (...words: Word[]): Promise<string> => (await client.reply(...words)).text ?? "nil";
    const info = async (name: string): Promise<string | undefined> =>
      new RegExp(`^${name}:(.*)\r$`, "m").exec(await ask("INFO"))?.[1];
    return { clocks, server, client, ask, info };
  }

  const untilBlocked = (server: OpenServer): Promise<void> =>
    waitUntil(() => server.server.blocking.count === 1, { what: "the client to wait", timeoutMs: soonMs });

  const blocking: readonly (readonly Word[])[] = [
    ["BLPOP", "key", "0.2"],
    ["XREAD", "BLOCK", "200", "STREAMS", "key", "$"],
    ["WAIT", "1", "200"],
  ];
  for (const words of blocking) {
    test(`back, ${words.join(" ")} ends at its timeout`, async () => {
      const { clocks, server } = await start();
      const waiting = (await connect(server)).reply(...words);
      await untilBlocked(server);
      clocks.wallMs -= dayMs;
      const late = Bun.sleep(soonMs).then(() => "late" as const);
      expect(await Promise.race([waiting, late])).not.toBe("late");
    });
  }

  test("forward, a client that waits goes on waiting", async () => {
    const { clocks, server, ask } = await start();
    const waiting = (await connect(server)).reply("BLPOP", "list", "600");
    await untilBlocked(server);
    clocks.wallMs += dayMs;
    await Bun.sleep(50);
    expect(await ask("RPUSH", "list", "element")).toBe("1");
    expect((await waiting).items?.[1]?.text).toBe("element");
  });

  test("back, CLIENT PAUSE ends after its time", async () => {
    const { clocks, ask } = await start();
    expect(await ask("CLIENT", "PAUSE", 100)).toBe("OK");
    clocks.wallMs -= dayMs;
    const late = Bun.sleep(soonMs).then(() => "late");
    expect(await Promise.race([ask("PING"), late])).toBe("PONG");
  });

  test("forward, no client has been idle for the time that the clock was set by", async () => {
    const { clocks, server, client } = await start({ timeout: 60 });
    const idle = await connect(server);
    expect((await idle.reply("PING")).text).toBe("PONG");
    clocks.wallMs += dayMs;
    // Idle clients are looked for once a second.
    clocks.pass(2000);
    await Bun.sleep(50);
    expect((await idle.reply("PING")).text).toBe("PONG");
    expect((await client.reply("PING")).text).toBe("PONG");
  });

  test("back, a client that is idle for too long is disconnected", async () => {
    const { clocks, server } = await start({ timeout: 60 });
    clocks.wallMs -= dayMs;
    clocks.pass(61_000);
    await waitUntil(() => server.server.clients.connected.size === 0, { what: "it to go", timeoutMs: soonMs });
  });

  for (const [direction, byMs] of [
    ["back", -dayMs],
    ["forward", dayMs],
  ] as const) {
    test(`${direction}, ages and idle times are what they were`, async () => {
      const { clocks, ask, info } = await start();
      await ask("SET", "key", "value");
      clocks.wallMs += byMs;
      clocks.pass(5000);
      expect(await ask("CLIENT", "INFO")).toMatch(/ age=[56] idle=0 /);
      expect(await ask("CLIENT", "KILL", "MAXAGE", 3600)).toBe("0");
      expect(Number(await ask("OBJECT", "IDLETIME", "key"))).toBeOneOf([5, 6]);
      expect(Number(await info("uptime_in_seconds"))).toBeOneOf([5, 6]);
    });
  }

  test("back, what has been used since is not evicted before what has not", async () => {
    const { clocks, ask } = await start({ "maxmemory-policy": "allkeys-lru", "maxmemory-samples": 64 });
    await ask("SET", "idle", "x".repeat(100_000));
    await ask("SET", "used", "x".repeat(100_000));
    clocks.pass(3_600_000);
    clocks.wallMs -= dayMs;
    await ask("GET", "used");
    clocks.wallMs -= 2000;
    clocks.pass(1000);
    const bytes = Number(/^used_memory_dataset:(\d+)/m.exec(await ask("INFO", "memory"))?.[1]);
    await ask("CONFIG", "SET", "maxmemory", bytes - 50_000);
    await waitUntil(async () => (await ask("DBSIZE")) === "1", { what: "a key to be evicted", timeoutMs: soonMs });
    expect(await ask("EXISTS", "used")).toBe("1");
  });

  test("back, a save point is reached all the same, and the snapshot is of the moment that the clock shows", async () => {
    const { clocks, ask, info } = await start({ dir: temporaryFolder("clock"), save: "60 1" });
    clocks.wallMs -= dayMs;
    await ask("SET", "key", "value");
    clocks.pass(61_000);
    await waitUntil(async () => (await info("rdb_saves")) === "1", { what: "the snapshot", timeoutMs: soonMs });
    const savedMs = Number(await ask("LASTSAVE")) * 1000;
    expect(Math.abs(savedMs - clocks.environment.nowMs())).toBeLessThan(soonMs + 1000);
    expect(Number(await info("rdb_last_bgsave_time_sec"))).toBeLessThan(10);
  });

  test("back, the pause after failed rewrites of the log is not longer", async () => {
    const { clocks, server, ask, info } = await start({
      ...{ dir: temporaryFolder("clock"), save: "", appendonly: true },
      ...{ "auto-aof-rewrite-min-size": 1, "auto-aof-rewrite-percentage": 0 },
    });
    const rewriter = server.server.parts.storage?.log.rewriter;
    if (rewriter === undefined) throw new Error("a server without a log");
    rewriter.onStep = (step) => {
      if (step === "base written") throw new Error("as if the disk were full");
    };
    for (let failures = 1; failures <= 3; failures++) {
      await ask("BGREWRITEAOF");
      await waitUntil(() => rewriter.failuresInRow === failures, { what: "it to fail", timeoutMs: soonMs });
    }
    clocks.wallMs -= dayMs;
    rewriter.onStep = () => {};
    const before = rewriter.count;
    await ask("SET", "key", "x".repeat(1000));
    await ask("CONFIG", "SET", "auto-aof-rewrite-percentage", 1);
    await Bun.sleep(50);
    expect(rewriter.count).toBe(before);
    clocks.pass(61_000);
    await waitUntil(() => rewriter.count === before + 1, { what: "the log to be rewritten", timeoutMs: soonMs });
    expect(Number(await info("aof_last_rewrite_time_sec"))).toBeLessThan(10);
  });
});
