import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";
import { arbitrarySteps, keys } from "./arbitrary-field-commands.ts";
import { compareWithModel, expectListed, stateOf } from "./compare-with-model.ts";

const startMs = 1_700_000_000_000;
/** Low limits, so that both forms of hashes occur, and the conversion from packed to large. */
const limits = { "hash-max-listpack-entries": 9, "hash-max-listpack-value": 16 } as const;

let nowMs = startMs;
const setNow = (moment: number): void => {
  nowMs = moment;
};
const environment = { nowMs: () => nowMs };

describe.each([2, 3])("hashes whose fields expire, in RESP%d", (protocol) => {
  let running: OpenServer;
  let connection: RespConnection;

  beforeAll(async () => {
    running = await startOpenServer({ port: 0, memory: true, environment, ...limits });
    connection = await RespConnection.open(running.port, "MyRedis");
    await connection.reply("HELLO", protocol);
  });
  afterAll(async () => {
    connection.close();
    await running.close();
  });

  test("answer as maps from fields to values and expiries would", async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySteps(startMs), async (steps) => {
        await connection.reply("FLUSHALL");
        const model = await compareWithModel(connection, steps, startMs, setNow);
        expectListed(running.server);
        expect((await stateOf(connection)).toSorted()).toEqual(model.state(keys).toSorted());
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

test("a server that starts from the log of such hashes has the same fields with the same expiries", async () => {
  await fc.assert(
    fc.asyncProperty(arbitrarySteps(startMs), fc.integer({ min: 0, max: 1000 }), async (steps, downMs) => {
      const dir = mkdtempSync(join(tmpdir(), "field-times-"));
      const options = { port: 0, dir, appendonly: true, appendfsync: "no", environment, ...limits } as const;
      try {
        const before = await startOpenServer(options);
        const first = await RespConnection.open(before.port, "MyRedis");
        const model = await compareWithModel(first, steps, startMs, setNow);
        first.close();
        await before.close();
        setNow((model.nowMs += downMs));
        const after = await startOpenServer(options);
        const second = await RespConnection.open(after.port, "MyRedis");
        expect((await stateOf(second)).toSorted()).toEqual(model.state(keys).toSorted());
        expectListed(after.server);
        second.close();
        await after.close();
      } finally {
        rmSync(dir, { recursive: true });
      }
    }),
    { numRuns: 40 },
  );
}, 60_000);
