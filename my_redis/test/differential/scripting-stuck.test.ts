import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  freePort,
  requireService,
  startRedisServer,
  temporaryFolder,
  waitUntil,
} from "../../../tools/test-services/index.ts";
import type { Service } from "../../../tools/test-services/index.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { type MyRedisProcess, startMyRedis } from "../crash/my-redis-process.ts";
import { recordExercised } from "./harness/exercised-commands.ts";
import { showReply } from "./harness/reply.ts";
import { RespConnection, type Word } from "./harness/resp-connection.ts";

const redis = requireService("redis");

/** Scripts that loop for ever where Lua cannot be paused. "LOOP" stands for the loop, "WRITE" for the write before it. */
const places: Readonly<Record<string, string>> = {
  "a metamethod": "WRITE local t = setmetatable({}, {__index = function() LOOP end}) return t.x",
  "a comparator of table.sort": "WRITE table.sort({1, 2, 3}, function() LOOP end)",
  "a function called by string.gsub": "WRITE return (string.gsub('x', 'x', function() LOOP end))",
  "a coroutine in a metamethod":
    "WRITE return setmetatable({}, {__add = function() coroutine.wrap(function() LOOP end)() end}) + 1",
  "a metamethod in a coroutine":
    "WRITE coroutine.wrap(function() return setmetatable({}, {__index = function() LOOP end}).x end)()",
  "pcall in a metamethod":
    "WRITE return tostring(setmetatable({}, {__tostring = function() while true do pcall(function() LOOP end) end end}))",
  "an iterator of for": "WRITE for _ in function() LOOP end do end",
};

/** What the loop does, so that the clock is read in different places. */
const loops = [
  "while true do end",
  "local n = 0 while true do n = n + 1 end",
  "while true do redis.call('ping') end",
  "local s = string.rep('x', 1000) while true do local t = s .. 'y' end",
  "while true do pcall(function() for i = 1, 1000 do end end) end",
  "while true do cjson.encode({1, 2, 3}) end",
];
const write = "redis.call('set', 'written', 1)";
const seed = 20_261_129;

/**
 * Connects a client that the server answers with BUSY. While the event loop does not run, only new clients are served.
 * `begin` is called before each try: on a slow machine MyRedis may have ended the script before the client came.
 */
async function newClient(port: number, begin: () => void): Promise<RespConnection> {
  let served: RespConnection | undefined;
  const isServed = async (): Promise<boolean> => {
    begin();
    let connection: RespConnection | undefined;
    try {
      connection = await RespConnection.open(port, "a new client");
      const asked = connection.reply("GET", "k").catch(() => undefined);
      const answer = await Promise.race([asked, Bun.sleep(200)]);
      if (answer?.text?.startsWith("BUSY") === true) {
        served = connection;
        return true;
      }
    } catch {
      // The server's listener was closed before the client was accepted: it connects again.
    }
    connection?.close();
    return false;
  };
  await waitUntil(isServed, { what: "a new client to get BUSY", timeoutMs: 20_000 });
  return served as unknown as RespConnection;
}

async function ask(other: RespConnection, ...command: Word[]): Promise<string> {
  recordExercised(command);
  return showReply(await other.reply(...command));
}

describe.skipIf(redis.missing)(`a script that cannot be paused behaves as in redis-server${redis.reason}`, () => {
  const random = new SeededRandom(seed);
  let ours: MyRedisProcess;
  let theirs: Service;
  let adminPort = 0;
  const folder = temporaryFolder("stuck-scripts");

  const start = async (): Promise<void> => {
    adminPort = await freePort();
    const flags = { "busy-reply-threshold": "20", "admin-port": String(adminPort) };
    [ours, theirs] = await Promise.all([
      startMyRedis(folder, flags),
      startRedisServer({ args: ["--busy-reply-threshold", "20"] }),
    ]);
  };
  beforeAll(start);
  afterAll(() => Promise.all([ours.process.stop(), theirs.stop()]));

  /** Runs a script that gets stuck, and the same steps of a client that comes meanwhile, on both servers. */
  const onBoth = async (
    script: string,
    steps: (other: RespConnection, answer: () => Promise<string>, caller: RespConnection) => Promise<unknown[]>,
  ): Promise<void> => {
    const results = [];
    for (const [port, newPort] of [
      [ours.port, random.oneIn(2) ? ours.port : adminPort],
      [theirs.port, theirs.port],
    ] as const) {
      const first = await RespConnection.open(port, "the client of the script");
      let answer: Promise<string> | undefined;
      const begin = (): void => {
        answer ??= first.reply("EVAL", script, "0").then(showReply, String);
        void answer.then((text) => {
          if (text.includes("it could not be paused")) answer = undefined;
          return text;
        });
      };
      const other = await newClient(newPort, begin);
      results.push(await steps(other, () => answer as Promise<string>, first));
      first.close();
      other.close();
    }
    expect(results[0]).toEqual(results[1]);
  };

  for (const [place, text] of Object.entries(places)) {
    const script = text.replace("LOOP", random.pick(loops)).replace("WRITE ", "");
    test(`in ${place}: others get BUSY, and SCRIPT KILL ends it: ${script}`, async () => {
      await onBoth(script, async (other, answer, caller) => [
        await ask(other, "GET", "k"),
        await ask(other, "SHUTDOWN"),
        await ask(other, "MULTI"),
        await ask(other, "GET", "k"),
        await ask(other, "EXEC"),
        await ask(other, "SCRIPT", "KILL"),
        await answer(),
        showReply(await caller.reply("EVAL", "return redis.call('exists', 'written')", "0")),
      ]);
    }, 30_000);
  }

  for (const place of ["a metamethod", "a comparator of table.sort"]) {
    const script = (places[place] as string).replace("LOOP", random.pick(loops)).replace("WRITE", write);
    test(`in ${place} after a write: it is UNKILLABLE, and SHUTDOWN NOSAVE ends the server: ${script}`, async () => {
      await onBoth(script, async (other, answer) => {
        const replies = [
          await ask(other, "SCRIPT", "KILL"),
          await ask(other, "SHUTDOWN", "SAVE"),
          await ask(other, "GET", "written"),
        ];
        recordExercised(["SHUTDOWN", "NOSAVE"]);
        other.send(["SHUTDOWN", "NOSAVE"]);
        return [...replies, await answer()];
      });
      await ours.process.exited;
      await theirs.stop();
      await start();
      const restarted = await ours.connect();
      expect(showReply(await restarted.reply("EXISTS", "written"))).toBe(":0");
      restarted.close();
    }, 30_000);
  }

  test("once it has ended, all clients are served again at all ports", async () => {
    const script = "table.sort({1, 2}, function() while true do end end)";
    await onBoth(script, async (other, answer) => [await ask(other, "SCRIPT", "KILL"), await answer()]);
    for (const port of [ours.port, adminPort]) {
      let pong = "";
      const isServed = async (): Promise<boolean> => {
        try {
          const connection = await RespConnection.open(port, "MyRedis");
          pong = showReply(await connection.reply("PING"));
          connection.close();
        } catch {
          return false;
        }
        return true;
      };
      await waitUntil(isServed, { what: "the port to be served", timeoutMs: 10_000 });
      expect(pong).toBe("+PONG");
    }
  }, 30_000);
});
