import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { recordExercised } from "./harness/exercised-commands.ts";
import { type Reply, showReply } from "./harness/reply.ts";
import { RespConnection, type Word } from "./harness/resp-connection.ts";
import { type StartedPair, startPair } from "./harness/start-pair.ts";

const redis = requireService("redis");
const endless = "while true do end";

/** The client that runs a script and another one, of a server whose scripts soon count as slow. */
interface Clients {
  readonly script: RespConnection;
  readonly other: RespConnection;
  readonly port: number;
}

/** Runs the same steps on both servers, and compares their results. */
async function onBoth(pair: StartedPair, run: (clients: Clients) => Promise<unknown[]>): Promise<void> {
  const [ours, theirs] = await pair.onBoth(async (port, side) => {
    const script = await RespConnection.open(port, side);
    const other = await RespConnection.open(port, side);
    const result = await run({ script, other, port });
    script.close();
    other.close();
    return result;
  });
  expect(ours).toEqual(theirs);
}

const show = (replies: readonly Reply[]): string[] => replies.map(showReply);

/** Sends requests until the server replies that it is busy. */
async function untilBusy({ other }: Clients): Promise<void> {
  const isBusy = async (): Promise<boolean> => (await other.reply("GET", "k")).text?.startsWith("BUSY") === true;
  await waitUntil(isBusy, { what: "the server to be busy", timeoutMs: 10_000 });
}

/** Waits until a client is blocked. */
async function untilBlocked({ other }: Clients): Promise<void> {
  const isBlocked = async (): Promise<boolean> =>
    (await other.reply("INFO", "clients")).text?.includes("blocked_clients:1") === true;
  await waitUntil(isBlocked, { what: "a client to be blocked", timeoutMs: 10_000 });
}

async function ask({ other }: Clients, ...command: Word[]): Promise<string> {
  recordExercised(command);
  return showReply(await other.reply(...command));
}

describe.skipIf(redis.missing)(`while a slow script runs, MyRedis behaves as redis-server${redis.reason}`, () => {
  let pair: StartedPair;

  beforeAll(async () => {
    pair = await startPair({ flags: { "busy-reply-threshold": "20" } });
  });

  afterAll(() => pair.close());

  test("other clients get BUSY, and SCRIPT KILL stops the script", () =>
    onBoth(pair, async (clients) => {
      const { script } = clients;
      script.send(["EVAL", endless, "0"], ["PING"]);
      await untilBusy(clients);
      const busy = [
        await ask(clients, "GET", "k"),
        await ask(clients, "EVAL", "return 1", "0"),
        await ask(clients, "PING"),
        await ask(clients, "SCRIPT", "FLUSH"),
        await ask(clients, "HELLO", "9"),
        await ask(clients, "SCRIPT", "KILL"),
      ];
      const answers = show([await script.next(), await script.next()]);
      return [busy, answers, await ask(clients, "SCRIPT", "KILL"), await ask(clients, "GET", "k")];
    }));

  test("SCRIPT KILL stops a script inside pcall", () =>
    onBoth(pair, async (clients) => {
      const hiding = "local f = function() while 1 do redis.call('ping') end end while 1 do pcall(f) end";
      clients.script.send(["EVAL", hiding, "0"]);
      await untilBusy(clients);
      return [await ask(clients, "SCRIPT", "KILL"), showReply(await clients.script.next()), await ask(clients, "PING")];
    }));

  test("other clients get BUSY while a script makes long strings, and SCRIPT KILL stops it", () =>
    onBoth(pair, async (clients) => {
      const joining = "local s, t = string.rep('x', 1000), {} for i = 1, 1e9 do t[i % 20000] = s .. i end";
      clients.script.send(["EVAL", joining, "0"]);
      await untilBusy(clients);
      return [await ask(clients, "SCRIPT", "KILL"), showReply(await clients.script.next()), await ask(clients, "PING")];
    }));

  test(
    "SCRIPT KILL does not stop a script that has written, and its writes are visible when it is done",
    () =>
      onBoth(pair, async (clients) => {
        const incr = "redis.call('incr', 'counter')";
        await ask(clients, "DEL", "counter");
        const slow = `${incr} for i = 1, 1e8 do end ${incr} return redis.call('get', 'counter')`;
        clients.script.send(["EVAL", slow, "0"], ["GET", "counter"]);
        await untilBusy(clients);
        const kill = await ask(clients, "SCRIPT", "KILL");
        return [
          kill,
          showReply(await clients.script.next()),
          showReply(await clients.script.next()),
          await ask(clients, "GET", "counter"),
        ];
      }),
    20_000,
  );

  test(
    "its writes so far are invisible to other clients, and its keys do not expire",
    () =>
      onBoth(pair, async (clients) => {
        const waiting = await RespConnection.open(clients.port, "a client that waits");
        await ask(clients, "DEL", "list", "brief");
        waiting.send(["BLPOP", "list", "0"]);
        await untilBlocked(clients);
        const slow = `redis.call('rpush', 'list', 'a') redis.call('set', 'brief', 1, 'px', 1) for i = 1, 1e8 do end
        return {redis.call('lpop', 'list'), redis.call('get', 'brief')}`;
        clients.script.send(["EVAL", slow, "0"]);
        await untilBusy(clients);
        const answer = showReply(await clients.script.next());
        const pushed = await ask(clients, "RPUSH", "list", "b");
        const served = showReply(await waiting.next());
        waiting.close();
        return [answer, pushed, served];
      }),
    20_000,
  );

  test("the server goes on after the script's client has disconnected", () =>
    onBoth(pair, async (clients) => {
      clients.script.send(["EVAL", endless, "0"]);
      await untilBusy(clients);
      clients.script.close();
      const kill = await ask(clients, "SCRIPT", "KILL");
      // redis-server stops the script a moment later.
      const isServing = async (): Promise<boolean> => (await clients.other.reply("PING")).text === "PONG";
      await waitUntil(isServing, { what: "PONG", timeoutMs: 10_000 });
      return [kill];
    }));
});
