import { afterEach, describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { encodeRequest } from "../../src/protocol/encode-request.ts";
import { rdbFile } from "./independent-rdb.ts";
import { closedAfterEach, infoField, startServer, type TestServer } from "./replication-servers.ts";
import { ScriptedPrimary } from "./scripted-primary.ts";

const redis = requireService("redis");
/** A moment that was in the future for the primary. */
const past = 1_600_000_000_000;

describe.skipIf(redis.missing)(`a replica that reads late${redis.reason}`, () => {
  const started = closedAfterEach();
  const scripted: ScriptedPrimary[] = [];
  afterEach(async () => {
    for (const primary of scripted.splice(0)) await primary.close();
  });

  async function replicaAfter(kind: TestServer["name"], ...commands: (string | number)[][]): Promise<TestServer> {
    const stream = Buffer.concat([["SELECT", "0"], ...commands].map((words) => encodeRequest(words)));
    const primary = await ScriptedPrimary.open(rdbFile(10), stream);
    scripted.push(primary);
    const replica = await started(startServer(kind, { replicaof: `127.0.0.1 ${primary.port}` }));
    await waitUntil(async () => (await infoField(replica, "master_repl_offset")) === String(100 + stream.length), {
      what: "the commands to be applied",
      timeoutMs: 20_000,
    });
    return replica;
  }

  for (const kind of ["MyRedis", "redis-server"] as const) {
    test(`keeps a key whose expiry was removed in time (${kind})`, async () => {
      const replica = await replicaAfter(
        kind,
        ["SET", "kept", "1"],
        ["PEXPIREAT", "kept", past],
        ["PERSIST", "kept"],
        ["SET", "gone", "1"],
        ["PEXPIREAT", "gone", past],
      );
      expect(await replica.ask("GET", "kept")).toContain("1");
      expect(await replica.ask("TTL", "kept")).toBe(":-1");
      expect(await replica.ask("EXISTS", "gone")).toBe(":0");
      // The primary has not said yet that it has expired.
      expect(await replica.ask("DBSIZE")).toBe(":2");
    }, 60_000);
  }

  const withPast: readonly (readonly (string | number)[])[] = [
    ["PEXPIREAT", "kept", past],
    ["EXPIREAT", "kept", past / 1000],
    ["GETEX", "kept", "PXAT", past],
    ["GETEX", "kept", "EXAT", past / 1000],
    ["SET", "kept", "1", "PXAT", past],
    ["SET", "kept", "1", "EXAT", past / 1000],
  ];
  for (const kind of ["MyRedis", "redis-server"] as const) {
    test(`leaves it to the primary to remove what a command gives a time in the past (${kind})`, async () => {
      for (const words of withPast) {
        const commands = [["SET", "kept", "1"], [...words], ["PERSIST", "kept"]];
        const replica = await replicaAfter(kind, ...commands);
        expect(`${words.join(" ")} ${await replica.ask("GET", "kept")}`).toContain("1");
        expect(await replica.ask("EXISTS", "kept")).toBe(":1");
      }
    }, 60_000);
  }

  test("keeps a field whose expiry was removed in time", async () => {
    const replica = await replicaAfter(
      "MyRedis",
      ["HSET", "hash", "kept", "1", "other", "2"],
      ["HPEXPIREAT", "hash", past, "FIELDS", 1, "kept"],
      ["HPERSIST", "hash", "FIELDS", 1, "kept"],
    );
    expect(await replica.ask("HGET", "hash", "kept")).toContain("1");
  }, 60_000);
});
