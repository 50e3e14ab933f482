import { afterEach, expect, test } from "bun:test";
import { EffectTap } from "../../../src/cluster/moving/effect-tap.ts";
import { IncomingData } from "../../../src/cluster/moving/incoming-data.ts";
import { notedKeyBytes, OutgoingCopy } from "../../../src/cluster/moving/outgoing-copy.ts";
import { hashSlot } from "../../../src/cluster/hash-slot.ts";
import { noSlots } from "../../../src/cluster/moving/slot-flags.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";
import { freePorts } from "../../../../tools/test-services/index.ts";

const servers: OpenServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start() {
  const [port] = (await freePorts(1)) as [number];
  const open = await startOpenServer({ bind: "127.0.0.1", port, memory: true, "enable-debug-command": "yes" });
  servers.push(open);
  const connection = await RespConnection.open(port, "a server");
  return { services: open.server, connection };
}

/** Half of all slots. */
const slots = noSlots().fill(1, 0, 8192);
const isInside = (key: string): boolean => slots[hashSlot(Buffer.from(key), 0, key.length)] === 1;

/** A server, a copy of some of its slots, and its changes so far as its offset. */
async function startCopy() {
  const source = await start();
  let offset = 0;
  const copies: OutgoingCopy[] = [];
  const tap = new EffectTap(source.services, (effect) => {
    offset++;
    for (const copy of copies) copy.changed(effect);
  });
  source.services.changes.alsoTo(tap);
  const begin = (): OutgoingCopy => {
    const options = { server: source.services, number: copies.length + 1, offset: () => offset };
    const copy = new OutgoingCopy({ ...options, slots });
    copies.push(copy);
    return copy;
  };
  return { ...source, begin };
}

test("a target that gets all parts and all writes has the same data, though clients write all the time", async () => {
  const { begin, connection } = await startCopy();
  const target = await start();
  const incoming = new IncomingData(target.services);
  const random = new SeededRandom(11);
  const write = async (count: number): Promise<void> => {
    const commands = Array.from({ length: count }, () => {
      const key = `k${random.below(5000)}`;
      const choice = random.below(8);
      const other = `k${random.below(5000)}`;
      if (choice === 6) return ["MSET", key, "one", other, "other"];
      if (choice === 7) return ["SINTERSTORE", key, other, "none"];
      if (choice === 0) return ["DEL", key];
      if (choice === 1) return ["RENAME", key, `k${random.below(5000)}`];
      if (choice === 2) return ["COPY", key, key, "DB", 1, "REPLACE"];
      if (choice === 3) return ["MOVE", key, 2];
      return choice === 4 ? ["SET", key, `v${random.below(100)}`] : ["APPEND", key, "x".repeat(random.below(100))];
    });
    await connection.replies([["SELECT", random.below(2)], ...commands]);
  };
  await write(5000);
  const copy = begin();
  let parts = 0;
  let offset = 0;
  for (let isLast = false; !isLast; parts++) {
    const part = copy.part(parts);
    // A part that was lost on the way is the same again.
    expect(copy.part(parts)).toBe(part);
    expect(incoming.apply(part!.commands, () => ["ECHO", "cursor"])).toBeUndefined();
    ({ isLast, offset } = part!);
    if (parts < 20) await write(300);
  }
  expect(parts).toBeGreaterThan(3);
  for (let round = 0; round < 5; round++) {
    await write(500);
    for (let isAll = false; !isAll;) {
      const chunk = copy.writesAfter(offset)!;
      expect(incoming.apply(chunk.bytes, () => ["ECHO", "cursor"])).toBeUndefined();
      ({ isAll, offset } = chunk);
    }
    copy.acknowledged(offset);
  }
  expect(copy.waitingBytes).toBe(0);
  // What does not belong to the copy is not compared.
  for (const database of [0, 1, 2]) {
    const [, keys] = await connection.replies([
      ["SELECT", database],
      ["KEYS", "*"],
    ]);
    const outside = (keys?.items ?? []).map(({ text }) => text as string).filter((key) => !isInside(key));
    await connection.reply("UNLINK", "none", ...outside);
  }
  expect(Number((await connection.replies([["SELECT", 0], ["DBSIZE"]]))[1]?.text)).toBeGreaterThan(500);
  const digests = await Promise.all([connection, target.connection].map((each) => each.reply("DEBUG", "DIGEST")));
  expect(digests[0]?.text).toBe(digests[1]?.text as string);
  connection.close();
  target.connection.close();
});

test("what waits for a slow target has a limit, and then the copy keeps nothing", async () => {
  const { begin, connection } = await startCopy();
  expect(isInside("key2")).toBe(true);
  await connection.reply("SET", "key2", "value");
  const copy = begin();
  for (let number = 0; copy.part(number)?.isLast === false; number++);
  const megabyte = "x".repeat(1_000_000);
  for (let count = 0; count < 60; count++) await connection.reply("SET", "key2", megabyte);
  expect(copy.isVoid).toBe(false);
  expect(copy.waitingBytes).toBeGreaterThan(60_000_000);
  for (let count = 0; count < 10; count++) await connection.reply("SET", "key2", megabyte);
  expect([copy.isVoid, copy.waitingBytes]).toEqual([true, 0]);
  expect(copy.writesAfter(0)).toBeUndefined();
  connection.close();
});

test("a key that waits counts with all memory that it takes, and not only with its name", async () => {
  const { begin, connection } = await startCopy();
  const copy = begin();
  const names = Array.from({ length: 4000 }, (_, number) => `k${number}`).filter(isInside);
  await connection.replies(names.map((name) => ["SET", name, "1"]));
  // A copy that has not begun yet notes each key once.
  await connection.replies(names.map((name) => ["SET", name, "2"]));
  const nameBytes = names.join("").length;
  expect(copy.waitingBytes).toBe(nameBytes + names.length * notedKeyBytes);
  for (let number = 0; copy.part(number)?.isLast === false; number++);
  expect(copy.waitingBytes).toBe(0);
  connection.close();
});
