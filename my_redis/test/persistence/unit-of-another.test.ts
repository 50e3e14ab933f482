import { afterEach, expect, test } from "bun:test";
import { mustWaitForSnapshot } from "../../src/persistence/snapshot/unit-of-another.ts";
import { Arguments } from "../../src/protocol/arguments.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";
import { beginMeasured, randomTexts } from "./measured-snapshot.ts";

let running: OpenServer | undefined;

afterEach(() => running?.close());

const wordsOf = (...words: readonly string[]): Arguments => Arguments.from(words);

test("a unit waits for the large values of the database that its SELECT chooses, and for no others", async () => {
  running = await startOpenServer({ port: 0, memory: true });
  const { server } = running;
  const connection = await RespConnection.open(running.port, "MyRedis");
  await connection.replies([
    ["SELECT", 1],
    ["RPUSH", "large", ...randomTexts(20_000, 100)],
    ["SET", "other", "value"],
  ]);
  const { end } = beginMeasured(running);
  const push = wordsOf("RPUSH", "large", "x");
  const set = wordsOf("SET", "other", "x");
  expect(mustWaitForSnapshot(server, 0, [push])).toBe(false);
  expect(mustWaitForSnapshot(server, 1, [set])).toBe(false);
  expect(mustWaitForSnapshot(server, 1, [wordsOf("SELECT", "0"), push])).toBe(false);
  expect(mustWaitForSnapshot(server, 0, [set, wordsOf("SELECT", "1"), push])).toBe(true);
  expect(mustWaitForSnapshot(server, 1, [push])).toBe(true);
  end();
  connection.close();
});
