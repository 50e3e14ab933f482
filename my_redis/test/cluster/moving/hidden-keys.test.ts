import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { IncomingData } from "../../../src/cluster/moving/incoming-data.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { freePorts } from "../../../../tools/test-services/index.ts";
import { encodeRequest } from "../../../src/protocol/encode-request.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";

let open: OpenServer | undefined;
let client: RespConnection;

afterEach(async () => {
  client.close();
  await open?.close();
});

const isHidden = (key: Uint8Array, start: number, end: number): boolean =>
  Buffer.from(key.subarray(start, end)).toString().startsWith("hidden");

/** A server of which keys with a certain name are another node's. */
async function start(directives: Readonly<Record<string, string>> = {}) {
  const [port] = (await freePorts(1)) as [number];
  open = await startOpenServer({ bind: "127.0.0.1", port, memory: true, ...directives });
  client = await RespConnection.open(port, "the server");
  const { keyspace } = open.server;
  return { keyspace, services: open.server, hide: () => (keyspace.isHidden = isHidden) };
}

test("keys of another node are neither listed nor counted", async () => {
  const { hide } = await start();
  await client.replies([
    ["SET", "shown", "1"],
    ["SET", "hidden", "2"],
  ]);
  hide();
  expect((await client.reply("KEYS", "*")).items?.map(({ text }) => text)).toEqual(["shown"]);
  expect((await client.reply("SCAN", 0)).items?.[1]?.items?.map(({ text }) => text)).toEqual(["shown"]);
  expect((await client.reply("DBSIZE")).text).toBe("1");
  for (let round = 0; round < 20; round++) expect((await client.reply("RANDOMKEY")).text).toBe("shown");
  await client.reply("DEL", "shown");
  expect((await client.reply("RANDOMKEY")).text).toBeNull();
});

test("a flush leaves them, and databases are not exchanged meanwhile", async () => {
  const { keyspace, hide } = await start();
  await client.replies([
    ["SET", "shown", "1"],
    ["SET", "hidden", "2"],
  ]);
  hide();
  expect((await client.reply("FLUSHALL")).text).toBe("OK");
  expect(keyspace.databases[0]?.size).toBe(1);
  expect((await client.reply("SWAPDB", 0, 1)).text).toBe("ERR SWAPDB is not possible while slots move");
  keyspace.isHidden = undefined;
  expect((await client.reply("GET", "hidden")).text).toBe("2");
});

test("they expire only by the word of their own node", async () => {
  const { keyspace, hide } = await start({ hz: "100" });
  hide();
  await client.replies([
    ["SET", "shown", "1", "PX", 1],
    ["SET", "hidden", "2", "PX", 1],
    ["HSET", "hidden hash", "field", "1", "other", "2"],
    ["HPEXPIRE", "hidden hash", 1, "FIELDS", 1, "field"],
  ]);
  await waitUntil(async () => keyspace.databases[0]?.size === 2, {
    what: "the shown key to expire",
    timeoutMs: 5000,
    intervalMs: 5,
  });
  // As many passes again find nothing more.
  await client.reply("SET", "shown", "1", "PX", 1);
  await waitUntil(async () => keyspace.databases[0]?.size === 2, {
    what: "the shown key to expire again",
    timeoutMs: 5000,
    intervalMs: 5,
  });
  expect(keyspace.statistics).toMatchObject({ expired: 2, expiredFields: 0 });
});

test("they are not evicted", async () => {
  const { keyspace, hide } = await start({ "maxmemory-policy": "allkeys-lru" });
  const value = "x".repeat(1000);
  for (let number = 0; number < 500; number++) {
    await client.replies([
      ["SET", `hidden${number}`, value],
      ["SET", `shown${number}`, value],
    ]);
  }
  hide();
  await client.reply("CONFIG", "SET", "maxmemory", keyspace.usedBytes - 200_000);
  for (let number = 0; number < 20; number++) await client.reply("SET", "shown", value);
  expect(keyspace.statistics.evicted).toBeGreaterThan(100);
  keyspace.isHidden = undefined;
  const names = Array.from({ length: 500 }, (_, number) => `hidden${number}`);
  expect((await client.reply("EXISTS", ...names)).text).toBe("500");
});

test("what comes from another node is kept although its time is over: the other node may go on with PERSIST", async () => {
  const { services } = await start();
  await client.reply("SET", "key", "value");
  const payload = (await client.reply("DUMP", "key")).text as string;
  await client.reply("DEL", "key");
  const requests = [
    ["RESTORE", "key", 1, payload, "REPLACE", "ABSTTL"],
    ["APPEND", "key", " and more"],
    ["PERSIST", "key"],
    ["SET", "other", "x"],
    ["PEXPIREAT", "other", 1],
  ];
  const commands = Buffer.concat(requests.map(encodeRequest));
  const incoming = new IncomingData(services);
  expect(incoming.apply(commands, () => ["ECHO", "cursor"])).toBeUndefined();
  expect((await client.reply("GET", "key")).text).toBe("value and more");
  expect(services.keyspace.databases[0]?.size).toBe(2);
  expect(services.execution.followsPrimary).toBe(false);
  const wrong = incoming.apply(encodeRequest(["INCR", "key"]), () => ["ECHO", "cursor"]);
  expect(wrong).toBe("incr: ERR value is not an integer or out of range");
});
