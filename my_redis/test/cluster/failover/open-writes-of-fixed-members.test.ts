import { afterEach, expect, test } from "bun:test";
import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../../../../tools/test-services/index.ts";
import { logCommandOf } from "../../../src/cluster/transaction/transaction-log.ts";
import type { RunningServer } from "../../../src/start-server.ts";
import { encodeCommand } from "../../differential/harness/resp-connection.ts";
import { copyOf, logFolderOf, startOn, writtenLog } from "../../persistence/log-folders.ts";

let server: RunningServer | undefined;

afterEach(() => server?.close());

test("a node does not go over to agreed members while its log has open writes of fixed ones: others may have done their part", async () => {
  const [port] = await freePorts(1);
  const self = `127.0.0.1:${port}`;
  const dir = await writtenLog();
  const log = readdirSync(logFolderOf(dir))
    .filter((name) => name.endsWith(".incr.aof"))
    .toSorted()
    .at(-1);
  const operations = [{ kind: "set", key: Buffer.from("key"), value: Buffer.from("value"), expiryMs: -1 }] as const;
  const part = { database: 0, operations, count: 0, bytes: 100 };
  const entry = logCommandOf({ type: "prepared", id: "one", participants: [self, "127.0.0.1:1"], part });
  appendFileSync(join(logFolderOf(dir), log as string), encodeCommand(entry));
  const ring = { port: port as number, bind: ["127.0.0.1"], self, peers: [self] };
  const started = startOn(copyOf(dir), { ...ring, "cluster-members": "agreed" }).then((running) => (server = running));
  await expect(started).rejects.toThrow("the log has 1 open writes across nodes whose members are fixed");
  server = await startOn(dir, ring);
});
