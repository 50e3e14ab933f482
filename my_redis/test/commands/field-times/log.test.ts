import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startOpenServer } from "../../../src/start-server.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";
import { stateOf } from "./compare-with-model.ts";

const largeFields = Array.from({ length: 1000 }, (_, at) => `field:${at}`);

async function rewriteLog(connection: RespConnection): Promise<void> {
  await connection.reply("BGREWRITEAOF");
  for (;;) {
    const { text } = await connection.reply("INFO", "persistence");
    if (text?.includes("aof_rewrite_in_progress:0\r\n") && text.includes("aof_rewrite_scheduled:0\r\n")) return;
    await Bun.sleep(5);
  }
}

test.each([true, false])("a rewritten log (as a snapshot: %p) keeps the expiries of fields", async (preamble) => {
  const dir = mkdtempSync(join(tmpdir(), "field-times-"));
  let nowMs = 1_700_000_000_000;
  const environment = { nowMs: () => nowMs };
  const options = { port: 0, dir, appendonly: true, "aof-use-rdb-preamble": preamble, environment } as const;
  try {
    const before = await startOpenServer(options);
    const first = await RespConnection.open(before.port, "MyRedis");
    await first.reply("HSETEX", "h1", "PX", 5000, "FIELDS", 2, "a", "1", "b", "2");
    await first.reply("HSET", "h1", "c", "3");
    await first.reply("HSET", "h2", ...largeFields.flatMap((field) => [field, "value"]));
    await first.reply("HPEXPIRE", "h2", 7000, "FIELDS", 600, ...largeFields.slice(0, 600));
    await rewriteLog(first);
    await first.reply("HPEXPIRE", "h2", 6000, "FIELDS", 1, "field:999");
    await first.reply("HPERSIST", "h1", "FIELDS", 1, "b");
    const state = await stateOf(first);
    first.close();
    await before.close();

    const after = await startOpenServer(options);
    const second = await RespConnection.open(after.port, "MyRedis");
    expect((await stateOf(second)).toSorted()).toEqual(state.toSorted());
    nowMs += 6000;
    expect((await second.reply("HLEN", "h1")).text).toBe("2");
    expect((await second.reply("HLEN", "h2")).text).toBe("999");
    second.close();
    await after.close();
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("the log states which fields had expired before they were changed", async () => {
  const dir = mkdtempSync(join(tmpdir(), "field-times-"));
  let nowMs = 1_700_000_000_000;
  const options = { port: 0, dir, appendonly: true, environment: { nowMs: () => nowMs } } as const;
  try {
    const before = await startOpenServer(options);
    before.server.activeExpiry.enabled = false;
    const first = await RespConnection.open(before.port, "MyRedis");
    await first.reply("HSETEX", "h1", "PX", 10, "FIELDS", 2, "a", 1, "b", 2);
    await first.reply("HSETEX", "h2", "PX", 10, "FIELDS", 1, "a", 1);
    // So many expired fields that one command does not remove all of them before the field that it changes.
    const names = Array.from({ length: 3000 }, (_, at) => `field:${at}`);
    await first.reply("HSET", "h3", "last", 1, ...names.flatMap((field) => [field, 1]));
    await first.reply("HPEXPIRE", "h3", 5, "FIELDS", names.length, ...names);
    await first.reply("HPEXPIRE", "h3", 10, "FIELDS", 1, "last");
    nowMs += 10;
    await first.reply("HINCRBY", "h1", "a", 5);
    await first.reply("HSETNX", "h2", "b", 1);
    await first.reply("HINCRBY", "h3", "last", 5);
    const state = await stateOf(first);
    first.close();
    await before.close();
    expect(state).toEqual(["h1 a 5 -1", "h2 b 1 -1", "h3 last 5 -1"]);

    const after = await startOpenServer(options);
    const second = await RespConnection.open(after.port, "MyRedis");
    expect(await stateOf(second)).toEqual(state);
    second.close();
    await after.close();
  } finally {
    rmSync(dir, { recursive: true });
  }
});
