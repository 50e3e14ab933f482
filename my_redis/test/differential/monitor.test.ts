import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { recordExercised } from "./harness/exercised-commands.ts";
import { RespConnection, type Word } from "./harness/resp-connection.ts";
import { type StartedPair, startPair } from "./harness/start-pair.ts";

const redis = requireService("redis");

/** The lines that a monitor receives, without the times and addresses, which differ between servers. */
const withoutTimes = (text: string): string =>
  text.replaceAll(/\d{10}\.\d{6} /g, "<time> ").replaceAll(/127\.0\.0\.1:\d+/g, "<address>");

/** The bytes that one connection receives. */
class Monitor {
  text = "";
  readonly #socket;

  private constructor(socket: { write(text: string): number; end(): void }) {
    this.#socket = socket;
  }

  static async open(port: number): Promise<Monitor> {
    let monitor: Monitor | undefined;
    const data = (_socket: unknown, chunk: Buffer): void => {
      if (monitor !== undefined) monitor.text += chunk.toString("latin1");
    };
    monitor = new Monitor(await Bun.connect({ hostname: "127.0.0.1", port, socket: { data } }));
    await monitor.send("MONITOR\r\n", "+OK\r\n");
    return monitor;
  }

  /** Sends a line, and waits until data that contains `end` has arrived. */
  async send(line: string, end: string): Promise<void> {
    this.#socket.write(line);
    await this.until(end);
  }

  async until(end: string): Promise<void> {
    await waitUntil(() => this.text.includes(end), { what: `${JSON.stringify(end)} at a monitor`, timeoutMs: 5000 });
  }

  close(): void {
    this.#socket.end();
  }
}

describe.skipIf(redis.missing)(`MONITOR shows what redis-server's shows${redis.reason}`, () => {
  let pair: StartedPair;

  beforeAll(async () => {
    pair = await startPair();
  });

  afterAll(() => pair.close());

  /** Runs the commands on both servers, and compares what their monitors receive. */
  async function expectSameLines(commands: readonly (readonly Word[])[], protocol: 2 | 3 = 2): Promise<void> {
    const [ours, theirs] = await pair.onBoth(async (port, side) => {
      const monitor = await Monitor.open(port);
      if (protocol === 3) await monitor.send("HELLO 3\r\n", "modules");
      const client = await RespConnection.open(port, side);
      for (const command of commands) await client.reply(...command);
      await client.reply("ECHO", "the end");
      await monitor.until('"the end"\r\n');
      client.close();
      monitor.close();
      return withoutTimes(monitor.text.slice(monitor.text.indexOf("+1")));
    });
    expect(ours).toBe(theirs);
    for (const command of commands) recordExercised(command);
    recordExercised(["MONITOR"]);
  }

  test("every byte is shown in printable form", () =>
    expectSameLines([
      ["SET", "k", 'a"b\\c\n\r\t\x07\x08\x00\x7f\xff é'],
      ["set", "", "'"],
      ["ECHO", Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ]));

  test("the database shown is the one after the command, and failing commands are shown unless they are unknown", () =>
    expectSameLines([
      ["select", "5"],
      ["GET", "k"],
      ["SELECT", "0"],
      ["INCR", "k"],
      ["LPUSH", "k", "1"],
      ["GET"],
      ["NOSUCH", "x"],
      ["SELECT", "99"],
    ]));

  test("passwords and administrators' commands are not shown", () =>
    expectSameLines([
      ["AUTH", "secret"],
      ["auth", "user", "secret"],
      ["HELLO", "2", "AUTH", "default", "nopass"],
      ["HELLO", "2", "SETNAME", "x", "AUTH", "default", "nopass"],
      ["CONFIG", "GET", "port"],
      ["CLIENT", "LIST"],
      ["CLIENT", "SETNAME", "name"],
      ["SLOWLOG", "LEN"],
      ["LATENCY", "LATEST"],
      ["INFO"],
      ["COMMAND", "COUNT"],
    ]));

  test("transactions are shown when they run, scripts before what they run", () =>
    expectSameLines([
      ["MULTI"],
      ["SET", "a", "1"],
      ["INCR", "a"],
      ["EXEC"],
      ["MULTI"],
      ["SET", "a", "1"],
      ["DISCARD"],
      ["EXEC"],
      ["EVAL", "redis.call('set', KEYS[1], 'y') redis.call('select', 3) return redis.pcall('incr', KEYS[1])", "1", "k"],
      ["EVAL", "return redis.call('nosuch')", "0"],
      ["EVAL", "no script(", "0"],
      ["EVALSHA", "x", "0"],
      ["EVALSHA", "0".repeat(40), "0"],
      ["MULTI"],
      ["EVAL", "return redis.call('get', 'k')", "0"],
      ["MONITOR"],
      ["EXEC"],
      ["SCRIPT", "LOAD", "return 1"],
      ["EVAL", "return redis.call('monitor')", "0"],
    ]));

  test("publishing and subscribing are shown, also in RESP3", () =>
    expectSameLines(
      [
        ["PUBLISH", "channel", "message"],
        ["SUBSCRIBE", "channel"],
        ["UNSUBSCRIBE", "channel"],
        ["WATCH", "k"],
        ["UNWATCH"],
        ["RESET"],
      ],
      3,
    ));

  test("a command that waits is shown once, when it begins to wait", async () => {
    const [ours, theirs] = await pair.onBoth(async (port) => {
      const monitor = await Monitor.open(port);
      const [waiting, other] = [await RespConnection.open(port, "waiting"), await RespConnection.open(port, "other")];
      waiting.send(["BLPOP", "queue", "0"]);
      await monitor.until("queue");
      await other.reply("RPUSH", "queue", "v");
      await waiting.next();
      await other.reply("ECHO", "the end");
      await monitor.until('"the end"\r\n');
      for (const each of [waiting, other, monitor]) each.close();
      return withoutTimes(monitor.text);
    });
    expect(ours).toBe(theirs);
  });

  test("a monitor cannot use keys until RESET ends the monitoring", async () => {
    const [ours, theirs] = await pair.onBoth(async (port) => {
      const monitor = await Monitor.open(port);
      const lines = [
        "GET k",
        "SET k v",
        "PUBLISH a b",
        "PFCOUNT k",
        'EVAL "return 1" 0',
        "MONITOR",
        "CLIENT NO-EVICT off",
      ];
      await monitor.send([...lines, "PING", "RESET", "GET k", "PING last", ""].join("\r\n"), "last\r\n");
      monitor.close();
      return withoutTimes(monitor.text);
    });
    expect(ours).toBe(theirs);
  });

  test("CLIENT LIST shows flag O for a monitor", async () => {
    await pair.onBoth(async (port) => {
      const monitor = await Monitor.open(port);
      const client = await RespConnection.open(port, "client");
      expect((await client.reply("CLIENT", "LIST")).text).toContain("flags=O ");
      monitor.close();
      client.close();
    });
  });
});
