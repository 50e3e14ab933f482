import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { temporaryFolder } from "../../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { Crc64 } from "../../../src/persistence/rdb/crc64.ts";
import { opcode } from "../../../src/persistence/rdb/rdb-opcodes.ts";
import { RdbWriter } from "../../../src/persistence/rdb/rdb-writer.ts";
import { loadRdb, RdbLoadError, type RdbLoadOptions } from "../../../src/persistence/rdb/rdb-loader.ts";
import { rdbTargetOf } from "../../../src/persistence/snapshot/rdb-target.ts";
import { beginFile } from "../../../src/persistence/snapshot/snapshot-file.ts";
import { RespConnection, type Word } from "../../differential/harness/resp-connection.ts";
import { oldPayloads } from "../../differential/old-payloads.ts";
import { SeededRandom } from "../../../../tools/seeded-random.ts";

const path = join(temporaryFolder("rdb-loader"), "dump.rdb");
const messages: string[] = [];
const atStart: RdbLoadOptions = { beforeLog: false, existing: "refuse" };
let server: OpenServer;
let connection: RespConnection;

beforeAll(async () => {
  const report = (_level: string, message: string): void => void messages.push(message);
  server = await startOpenServer({ port: 0, memory: true, environment: { report } });
  connection = await RespConnection.open(server.port, "MyRedis");
});
afterAll(async () => {
  connection.close();
  await server.close();
});
beforeEach(async () => {
  messages.length = 0;
  await connection.replies([["FLUSHALL"], ["SELECT", 0]]);
});

const load = (bytes: Uint8Array, options = atStart) => {
  writeFileSync(path, bytes);
  return loadRdb(rdbTargetOf(server.server), path, options);
};

/** A file of this version: its parts, the end mark, and the matching checksum. */
function file(version: number, write: (writer: RdbWriter) => void, checksum?: Uint8Array): Uint8Array {
  const writer = new RdbWriter({ compresses: false });
  writer.raw(Buffer.from(`REDIS${String(version).padStart(4, "0")}`));
  write(writer);
  writer.byte(opcode.end);
  const own = new Uint8Array(8);
  new Crc64().update(writer.bytes, 0, writer.length).write(own, 0);
  if (version >= 5) writer.raw(checksum ?? own);
  return writer.written;
}

const text = (value: string): Buffer => Buffer.from(value, "latin1");

function addString(writer: RdbWriter, key: string, value: string): void {
  writer.byte(0);
  writer.string(text(key));
  writer.string(text(value));
}

const get = async (...words: Word[]) => (await connection.reply(...words)).text;

describe("a snapshot is read", () => {
  for (let version = 1; version <= 12; version++) {
    test(`of version ${version}`, async () => {
      const { keys, endOffset } = load(file(version, (writer) => addString(writer, "key", "value")));
      expect(keys).toBe(1);
      expect(endOffset).toBe(version >= 5 ? 29 : 21);
      expect(await get("GET", "key")).toBe("value");
    });
  }

  for (const [name, payload] of Object.entries(oldPayloads)) {
    test(`with a value of an older form, ${name}`, async () => {
      await connection.reply("RESTORE", "restored", 0, payload);
      const bytes = file(9, (writer) => {
        writer.byte(payload[0] as number);
        writer.string(text("loaded"));
        writer.raw(payload.subarray(1, -10));
      });
      expect(load(bytes).keys).toBe(1);
      expect(await get("DUMP", "loaded")).toBe(await get("DUMP", "restored"));
    });
  }

  test("with everything that may stand between the keys", async () => {
    const bytes = file(12, (writer) => {
      writer.byte(opcode.fact);
      writer.string(text("redis-ver"));
      writer.string(text("8.0.0"));
      writer.byte(opcode.function);
      writer.string(text("#!lua name=library\nredis.register_function('f', function() end)"));
      writer.byte(opcode.database);
      writer.count(3);
      writer.byte(opcode.size);
      writer.count(1_000_000);
      writer.count(7);
      writer.byte(opcode.slotInfo);
      for (const number of [5, 1, 0]) writer.count(number);
      writer.byte(opcode.expiryMs);
      writer.milliseconds(4_102_444_800_000);
      writer.byte(opcode.idle);
      writer.count(100);
      addString(writer, "milliseconds", "1");
      writer.byte(opcode.expirySeconds);
      writer.littleEndian(2_000_000_000, 4);
      writer.byte(opcode.frequency);
      writer.byte(9);
      addString(writer, "seconds", "2");
      writer.byte(opcode.expiryMs);
      writer.milliseconds(1000);
      addString(writer, "over", "3");
      addString(writer, "without", "4");
    });
    expect(load(bytes)).toMatchObject({ keys: 3, expired: 1 });
    await connection.reply("SELECT", 3);
    expect(await get("PEXPIRETIME", "milliseconds")).toBe("4102444800000");
    expect(Number(await get("OBJECT", "IDLETIME", "milliseconds"))).toBeGreaterThanOrEqual(100);
    expect(await get("EXPIRETIME", "seconds")).toBe("2000000000");
    expect(await get("PTTL", "without")).toBe("-1");
    expect(messages.join()).toContain("a library of functions in the snapshot is left out: '#!lua name=library'");
  });

  test("in front of a log with its expired keys, because the log refers to them", () => {
    const bytes = file(10, (writer) => {
      writer.byte(opcode.expiryMs);
      writer.milliseconds(1000);
      addString(writer, "over", "3");
    });
    expect(load(bytes, { beforeLog: true, existing: "refuse" })).toMatchObject({ keys: 1, expired: 0 });
  });

  test("without empty collections, which old versions could leave behind", () => {
    const bytes = file(10, (writer) => {
      writer.byte(1);
      writer.string(text("empty list"));
      writer.count(0);
      addString(writer, "key", "value");
    });
    expect(load(bytes)).toMatchObject({ keys: 1 });
    expect(messages.join()).toContain("1 collections without elements were left out");
  });

  test("without taking memory for more keys than the file has room for", () => {
    const { heap } = server.server.keyspace;
    server.server.keyspace.releaseSome(() => false);
    const before = heap.besideBytes;
    const bytes = file(10, (writer) => {
      writer.byte(opcode.size);
      writer.count(1 << 20);
      writer.count(1 << 20);
      addString(writer, "key", "value");
    });
    expect(load(bytes).keys).toBe(1);
    expect(heap.besideBytes - before).toBeLessThan(4096);
  });

  test("and flushing gives back the room for keys that were announced and did not come", () => {
    const { heap, databases } = server.server.keyspace;
    const bytesBefore = heap.usedBytes + heap.besideBytes;
    const announcing = file(10, (writer) => {
      writer.byte(opcode.size);
      writer.count(12);
      writer.count(12);
      writer.byte(opcode.fact);
      writer.string(text("a fact that is longer than"));
      writer.string(text("the number of keys"));
    });
    expect(load(announcing).keys).toBe(0);
    expect(heap.usedBytes + heap.besideBytes).toBeGreaterThan(bytesBefore);
    for (const database of databases) database.flush();
    expect(heap.usedBytes + heap.besideBytes).toBe(bytesBefore);
  });

  test("over keys that exist, if that is asked for", async () => {
    await connection.reply("RPUSH", "key", "old");
    load(
      file(10, (writer) => addString(writer, "key", "new")),
      { beforeLog: false, existing: "replace" },
    );
    expect(await get("GET", "key")).toBe("new");
  });

  test("without a checksum where it is zero, or with a wrong one where rdbchecksum is no", () => {
    load(file(10, (writer) => addString(writer, "key", "value"), new Uint8Array(8)));
    server.server.settings.values.rdbchecksum = false;
    try {
      load(file(10, (writer) => addString(writer, "other", "value"), new Uint8Array(8).fill(7)));
    } finally {
      server.server.settings.values.rdbchecksum = true;
    }
  });
});

describe("a snapshot is refused, with the offset of what is wrong,", () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ["that is none", text("nonsense and more"), /offset 0: no snapshot of Redis/],
    ["of a later version", file(13, () => {}), /offset 0: version 13 of the format, where 1 to 12 can be read/],
    [
      "whose checksum is wrong",
      file(10, (writer) => addString(writer, "key", "value"), new Uint8Array(8).fill(7)),
      /offset 21: the checksum does not fit what is before it/,
    ],
    [
      "with a key twice",
      file(10, (writer) => {
        addString(writer, "key", "value");
        addString(writer, "key", "value");
      }),
      /offset 20: the key 'key' for the second time/,
    ],
    [
      "with a database that there is not",
      file(10, (writer) => {
        writer.byte(opcode.database);
        writer.count(16);
      }),
      /offset 9: database 16, where 'databases 16' allows less/,
    ],
    ["with data of a module", file(10, (writer) => writer.byte(opcode.moduleData)), /offset 9: data of a module/],
    [
      "with a value of an unknown type",
      file(10, (writer) => writer.raw(text("\x63\x01k"))),
      /offset 9: .*unknown type/,
    ],
    [
      "that announces more than there is",
      file(10, (writer) => {
        writer.byte(0);
        writer.string(text("key"));
        writer.count(2 ** 40);
      }),
      /offset 9: 1099511627776 bytes are announced where \d+ are left/,
    ],
  ];
  for (const [what, bytes, problem] of cases) {
    test(what, () => {
      expect(() => load(bytes)).toThrow(RdbLoadError);
      server.server.keyspace.flush(server.server.keyspace.databases);
      expect(() => load(bytes)).toThrow(problem);
    });
  }
});

describe("a snapshot with values of every type", () => {
  const range = Array.from({ length: 300 }, (_, number) => number);

  async function snapshotBytes(): Promise<Buffer> {
    await connection.replies([
      ["SET", "text", "that repeats itself, ".repeat(20), "PX", 1_000_000],
      ["SET", "number", 12345],
      ["RPUSH", "list", ...range],
      ["SADD", "set", ...range.map((number) => `member ${number}`)],
      ["SADD", "integers", 1, 2, 3],
      ["ZADD", "sorted set", ...range.flatMap((number) => [number, `member ${number}`])],
      ["HSET", "hash", ...range],
      ["HSET", "timed hash", "f", "v", "g", "w"],
      ["HEXPIRE", "timed hash", 1000, "FIELDS", 1, "f"],
      ...range.slice(0, 20).map((number) => ["XADD", "stream", "*", "f", number]),
      ["XGROUP", "CREATE", "stream", "group", 0],
      ["XREADGROUP", "GROUP", "group", "alice", "COUNT", 2, "STREAMS", "stream", ">"],
    ]);
    const chunks: Uint8Array[] = [];
    const { snapshot, end } = beginFile(server.server, "dump", (bytes) => void chunks.push(bytes.slice()));
    while (!snapshot.step(() => false));
    end();
    await connection.reply("FLUSHALL");
    return Buffer.concat(chunks);
  }

  test("is refused when it is cut anywhere", async () => {
    const bytes = await snapshotBytes();
    const { databases } = server.server.keyspace;
    for (let length = 0; length < bytes.length; length += length < 400 || length > bytes.length - 50 ? 1 : 23) {
      expect(() => load(bytes.subarray(0, length))).toThrow(RdbLoadError);
      for (const database of databases) database.flush();
    }
    expect(load(bytes).keys).toBe(9);
  });

  test("is refused or read, and never breaks the server or takes its memory, whatever bytes of it are changed", async () => {
    const bytes = await snapshotBytes();
    const { databases, heap } = server.server.keyspace;
    server.server.keyspace.releaseSome(() => false);
    const bytesBefore = heap.usedBytes + heap.besideBytes;
    const random = new SeededRandom(propertySeed());
    let refused = 0;
    let mostBytes = 0;
    for (let round = 0; round < 1500; round++) {
      const broken = Buffer.from(bytes);
      const changes = 1 + random.below(4);
      for (let change = 0; change < changes; change++) broken[9 + random.below(bytes.length - 9)] = random.below(256);
      if (random.oneIn(3)) broken.copyWithin(random.below(broken.length), random.below(broken.length));
      // Without a checksum, the loader itself has to detect all errors.
      broken.fill(0, broken.length - 8);
      try {
        load(broken);
      } catch (error) {
        if (!(error instanceof RdbLoadError)) throw error;
        expect(error.message).toMatch(/bad at offset \d+: /);
        refused++;
      }
      // The memory of the store alone, because the memory of the process also depends on earlier tests and on the
      // garbage collector.
      mostBytes = Math.max(mostBytes, heap.usedBytes + heap.besideBytes);
      for (const database of databases) database.flush();
      server.server.keyspace.releaseSome(() => false);
    }
    expect(refused).toBeGreaterThan(500);
    expect(await get("PING")).toBe("PONG");
    expect(mostBytes - bytesBefore).toBeLessThan(bytes.length * 64);
    expect(heap.usedBytes + heap.besideBytes).toBe(bytesBefore);
  }, 60_000);
});
