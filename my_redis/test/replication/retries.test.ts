import { afterEach, describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { closedAfterEach, expectSameData, infoField, startMyRedis, untilConnected } from "./replication-servers.ts";
import { ScriptedPrimary } from "./scripted-primary.ts";

describe("a replica that has lost its primary tries again", () => {
  const started = closedAfterEach();
  const scripted: ScriptedPrimary[] = [];
  afterEach(async () => {
    for (const primary of scripted.splice(0)) await primary.close();
  });

  test("soon after a connection that was in order, also where full synchronisations have failed before it", async () => {
    const primary = await started(startMyRedis());
    const replica = await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    await primary.ask("SET", "key", "1");
    await expectSameData(primary, replica);
    expect(await infoField(replica, "master_link_retry_in_seconds")).toBeUndefined();
    const other = await ScriptedPrimary.open(Buffer.from("no snapshot"));
    scripted.push(other);
    const retryIn = async (): Promise<number> => Number(await infoField(replica, "master_link_retry_in_seconds"));
    await replica.ask("REPLICAOF", "127.0.0.1", other.port);
    await waitUntil(async () => (await retryIn()) === 2, { what: "the pause after a failure", timeoutMs: 20_000 });
    other.continues = true;
    await untilConnected(replica);
    other.cut();
    await waitUntil(async () => (await infoField(replica, "master_link_status")) === "down", {
      what: "the loss",
      timeoutMs: 20_000,
    });
    expect(await retryIn()).toBeLessThanOrEqual(1);
  }, 60_000);
});
