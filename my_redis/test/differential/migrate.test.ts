import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { requireService, type Service, startRedisServer, temporaryFolder } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { recordExercised } from "./harness/exercised-commands.ts";
import { showReply } from "./harness/reply.ts";
import { RespConnection, type Word } from "./harness/resp-connection.ts";
import { type StartedPair, startPair } from "./harness/start-pair.ts";

const redis = requireService("redis");

interface Source {
  readonly name: string;
  readonly connection: RespConnection;
}

/** Accepts connections and passes the received data to the test. */
class FakeTarget {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(onData: (socket: Socket, text: string) => void) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("data", (chunk) => onData(socket, chunk.toString("latin1")));
      socket.on("error", () => {});
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

describe.skipIf(redis.missing)(`MIGRATE${redis.reason}`, () => {
  let pair: StartedPair;
  let target: Service;
  let ours: OpenServer;
  let atTarget: RespConnection;
  let sources: readonly Source[];

  beforeAll(async () => {
    [pair, target] = await Promise.all([startPair(), startRedisServer()]);
    ({ ours } = pair);
    atTarget = await RespConnection.open(target.port, "target");
    sources = (["redis-server", "MyRedis"] as const).map((name) => ({ name, connection: pair.control[name] }));
  });
  afterAll(async () => {
    atTarget.close();
    await Promise.all([pair.close(), target.stop()]);
  });

  /** Runs commands at the source, or at the target with "T" before them. Returns the replies as text. */
  async function run({ connection }: Source, commands: readonly Word[][]): Promise<string[]> {
    await connection.reply("FLUSHALL");
    await atTarget.reply("FLUSHALL");
    await atTarget.reply("SELECT", 0);
    const replies: string[] = [];
    for (const [first = "", ...rest] of commands) {
      const reply = first === "T" ? await atTarget.reply(...rest) : await connection.reply(first, ...rest);
      if (first !== "T") recordExercised([first, ...rest]);
      replies.push(`${[first, ...rest].join(" ")} => ${showReply(reply)}`);
    }
    return replies;
  }

  async function expectSame(commands: readonly Word[][]): Promise<string[]> {
    const [theirs, ourReplies] = [await run(sources[0] as Source, commands), await run(sources[1] as Source, commands)];
    expect(ourReplies).toEqual(theirs);
    return theirs;
  }

  const words = (line: string): string[] => line.split(" ");
  const to = (rest: string): Word[] => [
    "MIGRATE",
    "127.0.0.1",
    target.port,
    ...words(rest).map((word) => (word === "''" ? "" : word)),
  ];

  test("moves a key of every type with its value, and leaves nothing at the source", async () => {
    const large = Array.from({ length: 600 }, (_, at) => `member:${at}`);
    const replies = await expectSame([
      ["SET", "string", "text"],
      ["SET", "number", "12"],
      ["RPUSH", "list", "a", "b", "3"],
      ["SADD", "set", "a", "b"],
      ["SADD", "integers", "1", "2"],
      ["ZADD", "sorted", "1.5", "a", "2", "b"],
      ["HSET", "hash", "a", "1", "b", "x".repeat(100)],
      ["SADD", "large", ...large],
      ["XADD", "stream", "1-1", "f", "v"],
      ["XGROUP", "CREATE", "stream", "group", "0"],
      to("'' 0 5000 KEYS string number list set integers sorted hash large stream none"),
      ["DBSIZE"],
      ["T", "GET", "string"],
      ["T", "INCR", "number"],
      ["T", "LRANGE", "list", 0, -1],
      ["T", "SCARD", "set"],
      ["T", "SMEMBERS", "integers"],
      ["T", "ZRANGE", "sorted", 0, -1, "WITHSCORES"],
      ["T", "HMGET", "hash", "a", "b"],
      ["T", "SCARD", "large"],
      ["T", "XINFO", "GROUPS", "stream"],
    ]);
    expect(replies[10]).toEndWith("=> +OK");
  });

  test("copies, replaces, and reports what the target refused", async () => {
    await expectSame([
      ["SET", "a", "1"],
      ["SET", "b", "2"],
      ["T", "SET", "a", "old"],
      to("a 0 5000"),
      ["GET", "a"],
      to("'' 0 5000 COPY KEYS a b"),
      ["MGET", "a", "b"],
      ["T", "MGET", "a", "b"],
      to("'' 0 5000 COPY REPLACE KEYS a b"),
      ["T", "MGET", "a", "b"],
      to("a 0 5000 replace copy"),
      to("'' 0 5000 KEYS a b"),
      ["EXISTS", "a", "b"],
      to("'' 0 5000 REPLACE KEYS a b"),
      ["EXISTS", "a", "b"],
      to("a 0 5000"),
      to("'' 0 5000 KEYS"),
    ]);
  });

  test("keeps the time to live, also in another database", async () => {
    await expectSame([
      ["SET", "a", "1", "EX", 100],
      ["SET", "b", "2", "PX", 1],
      to("a 9 0"),
      ["T", "SELECT", 9],
      ["T", "TTL", "a"],
      ["T", "DBSIZE"],
      ["SET", "c", "1"],
      to("c 99 5000"),
      ["EXISTS", "c"],
    ]);
  });

  test("sends a password, or a user's name and password", async () => {
    await atTarget.reply("ACL", "SETUSER", "carol", "on", ">secret", "~*", "+@all");
    await expectSame([
      ["SET", "a", "1"],
      to("a 0 5000 AUTH2 carol wrong"),
      ["EXISTS", "a"],
      to("a 0 5000 AUTH2 carol secret"),
      ["T", "GET", "a"],
      ["SET", "b", "1"],
      to("b 0 5000 AUTH secret REPLACE"),
      ["EXISTS", "b"],
    ]);
    await atTarget.reply("ACL", "DELUSER", "carol");
  });

  test("refuses invalid arguments", async () => {
    await expectSame([
      ["SET", "a", "1"],
      to("a 0"),
      to("a x 5000"),
      to("a 0 x"),
      to("a 0 5000 NONSENSE"),
      to("a 0 5000 AUTH"),
      to("a 0 5000 AUTH2 name"),
      to("a 0 5000 KEYS b"),
      to("none x 5000"),
      ["COMMAND", "GETKEYS", ...to("a 0 5000 COPY")],
      ["COMMAND", "GETKEYS", ...to("'' 0 5000 AUTH keys COPY KEYS a b")],
      ["COMMAND", "GETKEYS", ...to("'' 0 5000 AUTH2 keys keys KEYS c")],
      ["COMMAND", "GETKEYS", ...to("a 0 5000 KEYS b")],
    ]);
  });

  test("reports the failure when the target is unreachable", async () => {
    const closed = new FakeTarget(() => {});
    const port = await closed.listen();
    closed.close();
    await expectSame([
      ["SET", "a", "1"],
      ["MIGRATE", "127.0.0.1", port, "a", 0, 500],
      ["MIGRATE", "no-such-host.invalid", 6379, "a", 0, 500],
      ["EXISTS", "a"],
    ]);
  });

  test("gives up when the target does not answer, hangs up, or takes only some keys", async () => {
    const silent = new FakeTarget(() => {});
    const rude = new FakeTarget((socket) => socket.destroy());
    // Answers SELECT and the first key only.
    const halting = new FakeTarget((socket) => socket.write("+OK\r\n+OK\r\n"));
    const commands = [
      ["SET", "a", "1"],
      ["SET", "b", "1"],
      ["MIGRATE", "127.0.0.1", await silent.listen(), "a", 0, 100],
      ["MIGRATE", "127.0.0.1", await rude.listen(), "a", 0, 1000],
      ["EXISTS", "a", "b"],
      ["MIGRATE", "127.0.0.1", await halting.listen(), "", 0, 100, "KEYS", "a", "b"],
      ["EXISTS", "a"],
      ["EXISTS", "b"],
    ];
    await expectSame(commands);
    for (const fake of [silent, rude, halting]) fake.close();
  });

  test("lets other clients read meanwhile, and delays their writes until it is done", async () => {
    const silent = new FakeTarget(() => {});
    const port = await silent.listen();
    const { connection } = sources[1] as Source;
    await connection.reply("FLUSHALL");
    await connection.reply("SET", "a", "1");
    const other = await RespConnection.open(ours.port, "MyRedis");
    connection.send(["MIGRATE", "127.0.0.1", port, "a", 0, 300], ["GET", "a"]);
    await other.reply("PING");
    expect(showReply(await other.reply("GET", "a"))).toBe('$"1"');
    other.send(["PING"], ["SET", "a", "2"], ["GET", "a"]);
    expect(showReply(await other.next())).toBe("+PONG");
    const third = await RespConnection.open(ours.port, "MyRedis");
    expect(showReply(await third.reply("GET", "a"))).toBe('$"1"');
    third.close();
    expect(showReply(await connection.next())).toBe("-IOERR error or timeout reading to target instance");
    expect(showReply(await other.next())).toBe("+OK");
    expect(showReply(await other.next())).toBe('$"2"');
    expect(showReply(await connection.next())).toMatch(/^\$"[12]"$/);
    await connection.replies([["MULTI"], ["MIGRATE", "127.0.0.1", port, "a", 0, 300]]);
    expect(showReply(await connection.reply("EXEC"))).toBe(
      "*[-ERR MIGRATE waits for another server, which transactions and scripts cannot do]",
    );
    other.close();
    silent.close();
  });

  test("keeps the expiries of fields when the target supports them", async () => {
    const other = await startOpenServer({ port: 0, memory: true });
    const there = await RespConnection.open(other.port, "the other MyRedis");
    const { connection } = sources[1] as Source;
    await connection.reply("HSETEX", "h", "EX", 100, "FIELDS", 2, "a", "1", "b", "2");
    expect(showReply(await connection.reply(...to("h 0 5000")))).toBe(
      "-ERR Target instance replied with error: ERR DUMP payload version or checksum are wrong",
    );
    expect(showReply(await connection.reply("MIGRATE", "127.0.0.1", other.port, "h", 0, 5000))).toBe("+OK");
    expect(showReply(await connection.reply("EXISTS", "h"))).toBe(":0");
    expect(showReply(await there.reply("HTTL", "h", "FIELDS", 2, "a", "b"))).toBe("*[:100 :100]");
    there.close();
    await other.close();
  });

  test("removes the moved keys from the log", async () => {
    const dir = temporaryFolder("migrate");
    const before = await startOpenServer({ port: 0, dir, appendonly: true });
    const first = await RespConnection.open(before.port, "MyRedis");
    await first.replies([
      ["MSET", "left", "1", "stays", "1"],
      ["MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "REPLACE", "KEYS", "left", "none"],
    ]);
    first.close();
    await before.close();
    const after = await startOpenServer({ port: 0, dir, appendonly: true });
    const second = await RespConnection.open(after.port, "MyRedis");
    expect(showReply(await second.reply("KEYS", "*"))).toBe('*[$"stays"]');
    second.close();
    await after.close();
  });

  test("completes after its client was disconnected, and sends no reply", async () => {
    const { connection } = sources[1] as Source;
    await connection.reply("SET", "a", "1");
    let ask: (socket: Socket) => void = () => {};
    const asked = new Promise<Socket>((resolve) => {
      ask = resolve;
    });
    const slow = new FakeTarget((socket) => ask(socket));
    const impatient = await RespConnection.open(ours.port, "MyRedis");
    const id = (await impatient.reply("CLIENT", "ID")).text ?? "";
    impatient.send(["MIGRATE", "127.0.0.1", await slow.listen(), "a", 0, 5000]);
    const socket = await asked;
    expect(showReply(await connection.reply("CLIENT", "KILL", "ID", id))).toBe(":1");
    socket.write("+OK\r\n+OK\r\n");
    // Waits until the migration is done, because it changes data.
    expect(showReply(await connection.reply("SETNX", "b", "1"))).toBe(":1");
    expect(showReply(await connection.reply("EXISTS", "a"))).toBe(":0");
    impatient.close();
    slow.close();
  });

  test("keeps a key that was changed while it was sent", async () => {
    const { connection } = sources[1] as Source;
    const { keyspace } = ours.server;
    const late = new FakeTarget((socket) => {
      // The test changes the data directly, because a client's request would wait.
      const database = keyspace.database(0);
      const [key, value] = [Buffer.from("a"), Buffer.from("new")];
      database.setString(key, 0, 1, value, 0, 3, 0, -1);
      database.changedKey(key, 0, 1, "set");
      socket.write("+OK\r\n+OK\r\n");
    });
    await connection.reply("SET", "a", "old");
    expect(showReply(await connection.reply("MIGRATE", "127.0.0.1", await late.listen(), "a", 0, 1000))).toBe(
      "-ERR a key was changed while it was sent: the keys are at both servers now",
    );
    expect(showReply(await connection.reply("GET", "a"))).toBe('$"new"');
    late.close();
  });

  test("moves keys back from redis-server, and logs the keys that were moved away", async () => {
    const { connection } = sources[1] as Source;
    await connection.reply("FLUSHALL");
    await atTarget.reply("SET", "a", "1");
    expect(showReply(await atTarget.reply("MIGRATE", "127.0.0.1", ours.port, "a", 0, 5000))).toBe("+OK");
    expect(showReply(await connection.reply("GET", "a"))).toBe('$"1"');
    const dirty = ours.server.keyspace.dirty;
    expect(showReply(await connection.reply(...to("a 0 5000")))).toBe("+OK");
    expect(ours.server.keyspace.dirty).toBe(dirty + 1);
  });
});
