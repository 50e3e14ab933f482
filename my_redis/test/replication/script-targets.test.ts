import { describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { closedAfterEach, startServer, untilConnected } from "./replication-servers.ts";

const redis = requireService("redis");
const script = `
  redis.call('SET', 'both', '1')
  redis.set_repl(redis.REPL_NONE)
  redis.call('SET', 'nobody', '1')
  redis.set_repl(redis.REPL_AOF)
  redis.call('SET', 'log', '1')
  redis.set_repl(redis.REPL_REPLICA)
  redis.call('SET', 'replica', '1')
  redis.set_repl(redis.REPL_ALL)
  redis.call('SET', 'both again', '1')
`;
const names = ["both", "nobody", "log", "replica", "both again"];

describe.skipIf(redis.missing)(`redis.set_repl${redis.reason}`, () => {
  const started = closedAfterEach();

  for (const kind of ["MyRedis", "redis-server"] as const) {
    test(`chooses between the log and the replicas (${kind})`, async () => {
      const primary = await started(startServer(kind, { appendonly: "yes" }));
      const replica = await started(startServer("MyRedis", { replicaof: `127.0.0.1 ${primary.port}` }));
      await untilConnected(replica);
      const has = async (server: typeof primary): Promise<readonly string[]> => {
        const found = await Promise.all(names.map((name) => server.ask("EXISTS", name)));
        return names.filter((_, at) => found[at] === ":1");
      };
      await primary.ask("EVAL", script, "0");
      await waitUntil(async () => (await has(replica)).includes("both again"), { what: "the end", timeoutMs: 10_000 });
      expect(await has(replica)).toEqual(["both", "replica", "both again"]);
      expect(await has(primary)).toEqual(names);
      expect(await primary.ask("DEBUG", "LOADAOF")).toBe("+OK");
      expect(await has(primary)).toEqual(["both", "log", "both again"]);
    }, 30_000);
  }
});
