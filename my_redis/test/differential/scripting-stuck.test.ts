import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { recordExercised } from "./harness/exercised-commands.ts";
import { showReply } from "./harness/reply.ts";
import { RespConnection, type Word } from "./harness/resp-connection.ts";
import { type StartedPair, startPair } from "./harness/start-pair.ts";

const redis = requireService("redis");

/** Scripts that loop for ever where Lua cannot be paused. "LOOP" stands for the loop, "WRITE" for the write before it. */
const places: Record<string, string> = {
  "a metamethod": "WRITE local t = setmetatable({}, {__index = function() LOOP end}) return t.x",
  "a comparator of table.sort": "WRITE table.sort({1, 2, 3}, function() LOOP end)",
  "a function called by string.gsub": "WRITE return (string.gsub('x', 'x', function() LOOP end))",
  "a coroutine in a metamethod":
    "WRITE return setmetatable({}, {__add = function() coroutine.wrap(function() LOOP end)() end}) + 1",
  "a metamethod in a coroutine":
    "WRITE coroutine.wrap(function() return #setmetatable({}, {__index = function() LOOP end}).x end)()",
  "pcall in a metamethod":
    "WRITE return tostring(setmetatable({}, {__tostring = function() while true do pcall(function() LOOP end) end end}))",
  "an iterator of for": "WRITE for _ in function() LOOP end do end",
};

interface Sides {
  readonly script: RespConnection;
  readonly other: RespConnection;
}

async function ask({ other }: Sides, ...command: Word[]): Promise<string> {
  recordExercised(command);
  return showReply(await other.reply(...command));
}

/** Connects a client that the server answers with BUSY. While the event loop does not run, only new clients are served. */
async function newClient(port: number): Promise<RespConnection> {
  let served: RespConnection | undefined;
  const isServed = async (): Promise<boolean> => {
    let connection: RespConnection | undefined;
    try {
      connection = await RespConnection.open(port, "a new client");
      const answer = await Promise.race([connection.reply("GET", "k"), Bun.sleep(200)]);
      if (answer?.text?.startsWith("BUSY") === true) served = connection;
    } catch {
      // The server's listener was closed while the client was not accepted yet: it connects again.
    }
    if (served === undefined) connection?.close();
    return served !== undefined;
  };
  await waitUntil(isServed, { what: "a new client to get BUSY", timeoutMs: 20_000 });
  return served as unknown as RespConnection;
}

describe.skipIf(redis.missing)(`a script that cannot be paused behaves as in redis-server${redis.reason}`, () => {
  let pair: StartedPair;

  beforeAll(async () => {
    pair = await startPair({ flags: { "busy-reply-threshold": "20" } });
  });

  afterAll(() => pair.close());

  const onBoth = async (script: string, run: (sides: Sides) => Promise<unknown[]>): Promise<void> => {
    const [ours, theirs] = await pair.onBoth(async (port, side) => {
      const sides = { script: await RespConnection.open(port, side), other: undefined as unknown as RespConnection };
      sides.script.send(["EVAL", script, "0"]);
      sides.other = await newClient(port);
      const result = await run(sides);
      sides.script.close();
      sides.other.close();
      return result;
    });
    expect(ours).toEqual(theirs);
  };

  for (const [place, script] of Object.entries(places)) {
    test(
      `in ${place}: other clients get BUSY, and SCRIPT KILL ends it`,
      () =>
        onBoth(script.replace("WRITE", "").replace("LOOP", "while true do end"), async (sides) => [
          await ask(sides, "GET", "k"),
          await ask(sides, "SHUTDOWN"),
          await ask(sides, "MULTI"),
          await ask(sides, "GET", "k"),
          await ask(sides, "EXEC"),
          await ask(sides, "SCRIPT", "KILL"),
          showReply(await sides.script.next()),
          showReply(await sides.script.reply("EVAL", "return redis.call('exists', 'written')", "0")),
        ]),
      30_000,
    );
  }
});
