import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { propertySeed } from "../../../tools/property-seed.ts";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { loadLog } from "../../src/persistence/aof/log-loader.ts";
import { loadRdb } from "../../src/persistence/rdb/rdb-loader.ts";
import { rdbTargetOf } from "../../src/persistence/snapshot/rdb-target.ts";
import { beginFile, type FileForm } from "../../src/persistence/snapshot/snapshot-file.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";
import { datasetDifference, readDataset } from "../fuzz/dataset-text.ts";
import { fuzzedDatabases, generateWords } from "../fuzz/generated-requests.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";

const databases = [...Array(fuzzedDatabases).keys()];
/** Commands that block, change the connection, or have nothing to do with data. */
const unfit =
  /^(B[LRZ]|HELLO|RESET|CONFIG|CLIENT|COMMAND|INFO|MEMORY|LATENCY|SLOWLOG|PUBLISH|PING|ECHO|SCRIPT|SHUTDOWN)/i;

/** Commands that make strings as long as their numbers say, hundreds of MiB: reading them would take a minute. */
const stretching = /^(SETRANGE|SETBIT|BITFIELD)$/i;
const maxOffset = 1_000_000;

const isFit = (words: readonly Word[]): boolean =>
  !unfit.test(String(words[0])) &&
  !words.includes("BLOCK") &&
  !(stretching.test(String(words[0])) && words.some((word) => Number(word) > maxOffset));

/** A clock that stands still until a test moves it, so that the test decides when keys expire. */
interface Clock {
  nowMs: number;
}

const noExtension = { load: () => {}, carryOver: () => [] };

const startAt = (clock: Clock): Promise<OpenServer> =>
  startOpenServer({ port: 0, memory: true, environment: { nowMs: () => clock.nowMs } });

/** Large values of every type, and many small ones, in two databases. */
async function addValues(connection: RespConnection, random: SeededRandom): Promise<void> {
  for (const database of [0, 1]) {
    await connection.reply("SELECT", database);
    const commands = largeValues(random);
    // Many small keys as well, so that the walk takes many steps.
    for (let number = 0; number < 1000; number++) {
      commands.push(["SET", `small:${number}`, random.below(1000), "PX", 50_000 + random.below(1_000_000)]);
    }
    await connection.replies(commands);
  }
  await connection.reply("HPEXPIRE", "hash:0", 100_000, "FIELDS", 2, "field 1", "field 2");
}

/** Commands that create values of every type, with so many elements that a snapshot takes them in pieces. */
function largeValues(random: SeededRandom): Word[][] {
  const commands: Word[][] = [];
  for (let number = 0; number < 700; number++) {
    commands.push(
      ["RPUSH", "list:0", `element ${number}`],
      ["SADD", "set:0", `member ${number}`],
      ["HSET", "hash:0", `field ${number}`, `value ${random.below(1000)}`],
      ["ZADD", "sorted-set:0", random.below(100), `member ${number}`],
      ["XADD", "stream:0", `${number + 1}-1`, "f", `value ${number}`],
    );
  }
  commands.push(["SET", "string:0", Buffer.alloc(400_000, "some text ")]);
  return commands;
}

/** Changes a large value, or a small one while a large one may be half taken, in either database. */
async function change(connection: RespConnection, random: SeededRandom): Promise<void> {
  const number = random.below(700);
  const words = random.pick<Word[]>([
    ["LSET", "list:0", number, "changed"],
    ["LPOP", "list:0"],
    ["SREM", "set:0", `member ${number}`],
    ["HSET", "hash:0", `field ${number}`, "changed"],
    ["ZINCRBY", "sorted-set:0", 1, `member ${number}`],
    ["XDEL", "stream:0", `${number + 1}-1`],
    ["PEXPIRE", random.pick(["list:0", "set:0", "hash:0"]), 1_000_000],
    ["PERSIST", random.pick(["list:0", "set:0", "hash:0"])],
    [random.oneIn(10) ? "DEL" : "EXISTS", random.pick(["list:0", "set:0", "sorted-set:0", "stream:0", "string:0"])],
    random.oneIn(10) ? ["SET", random.pick(["list:0", "hash:0"]), "small"] : ["GET", "small:0"],
    ["APPEND", `small:${number}`, "changed"],
    ["DEL", `small:${number}`],
  ]);
  await connection.replies([["SELECT", random.below(2)], words]);
}

/** Changes many keys at once, or keys that no command names. */
async function upheaval(
  server: OpenServer,
  clock: Clock,
  connection: RespConnection,
  random: SeededRandom,
): Promise<void> {
  switch (random.below(7)) {
    case 0:
      if (random.oneIn(3)) await connection.reply("FLUSHALL", random.pick(["SYNC", "ASYNC"]));
      break;
    case 1:
      if (random.oneIn(3)) await connection.reply("FLUSHDB");
      break;
    case 2:
      await connection.reply("SWAPDB", random.below(fuzzedDatabases), random.below(fuzzedDatabases));
      break;
    case 3:
      clock.nowMs += 100_000;
      server.server.clock.update();
      server.server.activeExpiry.run({ effort: 10, nowMs: clock.nowMs, spent: () => false });
      break;
    case 4:
      clock.nowMs += 50;
      break;
    case 5:
      await connection.reply("MOVE", random.pick(["hash:0", "list:0", "set:0"]), random.below(fuzzedDatabases));
      break;
    default:
      await connection.reply("COPY", "sorted-set:0", "hash:0", "REPLACE");
  }
}

/**
 * Takes a snapshot step by step, calls `during` between two steps, and compares the snapshot with the dataset at its
 * beginning.
 */
async function compareSnapshot(
  source: OpenServer,
  clock: Clock,
  form: FileForm,
  during: (step: number) => Promise<void>,
): Promise<void> {
  const reader = await RespConnection.open(source.port, "MyRedis");
  const before = await readDataset(reader, databases);
  const momentMs = clock.nowMs;
  const chunks: Uint8Array[] = [];
  const { snapshot, end } = beginFile(source.server, form, (bytes) => void chunks.push(bytes.slice()));
  for (let step = 1; !snapshot.step(() => true); step++) await during(step);
  end();
  expect(snapshot.failure).toBeUndefined();
  expect(source.server.keyspace.snapshot).toBeUndefined();

  clock.nowMs = momentMs;
  const path = join(temporaryFolder("moment"), "file");
  writeFileSync(path, Buffer.concat(chunks));
  const target = await startAt(clock);
  if (form === "commands") loadLog(target.server, noExtension, path);
  else loadRdb(rdbTargetOf(target.server), path, { beforeLog: false, existing: "refuse" });
  const copy = await RespConnection.open(target.port, "MyRedis, loaded");
  const after = await readDataset(copy, databases);
  expect(datasetDifference(before, after, momentMs).slice(0, 3)).toEqual([]);
  expect(after.size).toBe(before.size);
  reader.close();
  copy.close();
  await target.close();
}

async function runGenerated(seed: number, form: FileForm): Promise<void> {
  const random = new SeededRandom(seed);
  const clock = { nowMs: 1_700_000_000_000 };
  const source = await startAt(clock);
  const connection = await RespConnection.open(source.port, "MyRedis");
  await addValues(connection, random);
  const request = async (): Promise<void> => {
    const words = generateWords(random);
    if (isFit(words)) await connection.reply(...words);
  };
  for (let count = 0; count < 500; count++) await request();
  await compareSnapshot(source, clock, form, async (step) => {
    if (step > 400) return;
    if (random.oneIn(12)) await upheaval(source, clock, connection, random);
    if (random.oneIn(2)) await change(connection, random);
    await request();
  });
  connection.close();
  await source.close();
}

describe("a snapshot that is taken while requests run is the dataset of the moment at which it began", () => {
  const seeds = new SeededRandom(propertySeed());
  for (const form of ["dump", "commands"] as const) {
    for (let round = 1; round <= 4; round++) {
      const seed = seeds.below(4294967296);
      test(`as ${form}, round ${round}`, () => runGenerated(seed, form), 60_000);
    }
  }

  test("keys of another database that change while a large value is half taken", async () => {
    const clock = { nowMs: 1_700_000_000_000 };
    const source = await startAt(clock);
    const connection = await RespConnection.open(source.port, "MyRedis");
    await addValues(connection, new SeededRandom(1));
    await compareSnapshot(source, clock, "dump", async (step) => {
      const names = Array.from({ length: 8 }, (_, number) => `small:${(step * 8 + number) % 1000}`);
      await connection.replies([
        ["SELECT", step % 2],
        ["DEL", ...names],
      ]);
    });
    connection.close();
    await source.close();
  }, 60_000);

  const changes: [string, Word[]][] = [
    ["string", ["SETRANGE", "string:0", 10, "changed"]],
    ["string that grows", ["APPEND", "string:0", "changed"]],
    ["list", ["LSET", "list:0", 690, "changed"]],
    ["set", ["SADD", "set:0", "new"]],
    ["hash", ["HSET", "hash:0", "field 3", "changed"]],
    ["sorted set", ["ZADD", "sorted-set:0", 5, "member 690"]],
    ["stream", ["XADD", "stream:0", "*", "f", "new"]],
    ["set that is copied over", ["COPY", "hash:0", "set:0", "REPLACE"]],
  ];
  for (const [what, words] of changes) {
    test(`a large ${what} that changes while it is half taken`, async () => {
      const clock = { nowMs: 1_700_000_000_000 };
      const source = await startAt(clock);
      const connection = await RespConnection.open(source.port, "MyRedis");
      // No other values exist, so that one of the first steps leaves this one half taken.
      const creations = largeValues(new SeededRandom(1)).filter(([, key]) => words.includes(key as Word));
      await connection.replies(creations);
      const values = new Set(creations.map(([, key]) => key)).size;
      for (let chosen = 1; chosen <= values * 7; chosen++) {
        await compareSnapshot(source, clock, "dump", async (step) => {
          if (step === chosen) await connection.replies([["SELECT", 0], words]);
        });
      }
      connection.close();
      await source.close();
    }, 60_000);
  }
});
