import { expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { CommandTable } from "../../src/dispatch/command-table.ts";
import { allCommands } from "../../src/commands/index.ts";
import { Cron } from "../../src/cron.ts";
import { systemEnvironment } from "../../src/environment.ts";
import * as record from "../../src/memory/record.ts";
import { Server } from "../../src/server.ts";
import { Settings } from "../../src/settings/settings.ts";

test("very many keys that expire at once are removed in short slices, and all of them soon", async () => {
  let monotonicMs = 0;
  // Each reading of the clock takes a tenth of a millisecond, so that the work of one slice can be counted.
  const environment = { ...systemEnvironment(() => {}), monotonicMs: () => (monotonicMs += 0.1) };
  const server = new Server({
    settings: new Settings({}),
    environment,
    commands: new CommandTable(allCommands),
    parts: () => ({}),
  });
  const database = server.keyspace.database(0);
  const { raw } = record.encoding;
  for (let number = 0; number < 5000; number++) {
    const key = Buffer.from(`key:${number}`);
    database.create(key, 0, key.length, { type: record.valueType.string, encoding: raw, valueLength: 0, expiryMs: 1 });
  }
  const left: number[] = [database.size];
  const cron = new Cron(server, {
    finishTurn: () => void left.push(database.size),
    checkClients() {},
    tickStorage() {},
    tickReplication() {},
  });
  cron.tick();
  await waitUntil(() => database.size === 0, { what: "all keys to expire", timeoutMs: 10_000 });
  cron.stop();
  const steps = left.slice(1).map((size, index) => (left[index] as number) - size);
  expect(Math.max(...steps)).toBeLessThan(500);
});
