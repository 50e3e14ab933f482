import { afterEach, describe, expect, test } from "bun:test";
import { requireService, startRedisServer, temporaryFolder } from "../../../tools/test-services/index.ts";
import { startMyRedis } from "../crash/my-redis-process.ts";
import { newBusyClient } from "./harness/busy-client.ts";
import { recordExercised } from "./harness/exercised-commands.ts";
import { showReply } from "./harness/reply.ts";
import { RespConnection, type Word } from "./harness/resp-connection.ts";

const redis = requireService("redis");

/** Endless scripts: one that could be paused outside of a transaction, and others. */
const loops: Readonly<Record<string, string>> = {
  "a plain loop": "while true do end",
  "a loop of commands": "while true do redis.call('ping') end",
  "a loop in a metamethod": "return setmetatable({}, {__index = function() while true do end end}).x",
};
const keys = ["before", "half", "after"];

/** A server whose log survives its end. */
interface Restartable {
  readonly port: number;
  /** Waits for its end by SHUTDOWN, or kills it, and starts it again. */
  again(): Promise<Restartable>;
  stop(): Promise<void>;
}

async function ourServer(folder: string): Promise<Restartable> {
  const { port, process } = await startMyRedis(folder, { "busy-reply-threshold": "20", appendfsync: "always" });
  const stop = (): Promise<void> => process.kill("SIGKILL");
  return { port, stop, again: () => stop().then(() => ourServer(folder)) };
}

async function theirServer(folder: string): Promise<Restartable> {
  const words = ["--dir", folder, "--appendonly", "yes", "--appendfsync", "always", "--busy-reply-threshold", "20"];
  const server = await startRedisServer({ args: words });
  const stop = (): Promise<void> => server.stop();
  const again = async (): Promise<Restartable> => {
    await server.kill("SIGKILL").catch(() => {});
    await stop();
    return theirServer(folder);
  };
  return { port: server.port, stop, again };
}

const running: Restartable[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

async function ask(client: RespConnection, ...command: Word[]): Promise<string> {
  recordExercised(command);
  return client.reply(...command).then(showReply, () => "(closed)");
}

/** What EXEC answered, and the whole transaction before it. */
function beginTransaction(caller: RespConnection, script: string): Promise<string[]> {
  const commands: Word[][] = [["MULTI"], ["SET", "before", 1], ["EVAL", script, 0], ["SET", "after", 1], ["EXEC"]];
  commands.forEach(recordExercised);
  return caller.replies(commands).then(
    (replies) => replies.map(showReply),
    () => ["(closed)"],
  );
}

/** Runs a transaction that gets stuck, the steps of a client that comes meanwhile, and a start from the log. */
async function outcomeOf(
  first: Restartable,
  script: string,
  steps: (other: RespConnection) => Promise<string[]>,
): Promise<unknown[]> {
  running.push(first);
  const caller = await RespConnection.open(first.port, "the client of the transaction");
  const answers = beginTransaction(caller, script);
  const other = await newBusyClient(first.port);
  const seen = await steps(other);
  const outcome: unknown[] = [seen, await answers, await ask(caller, "MGET", ...keys)];
  caller.close();
  other.close();
  running.splice(running.indexOf(first), 1);
  const second = await first.again();
  running.push(second);
  const reader = await RespConnection.open(second.port, "a client after the restart");
  outcome.push(await ask(reader, "MGET", ...keys));
  reader.close();
  return outcome;
}

const compare = async (script: string, steps: (other: RespConnection) => Promise<string[]>): Promise<unknown[]> => {
  const ours = await outcomeOf(await ourServer(temporaryFolder("stuck-ours")), script, steps);
  const theirs = await outcomeOf(await theirServer(temporaryFolder("stuck-theirs")), script, steps);
  expect(ours).toEqual(theirs);
  return ours;
};

describe.skipIf(redis.missing)(`a script that is stuck in EXEC behaves as in redis-server${redis.reason}`, () => {
  for (const [what, loop] of Object.entries(loops)) {
    test(`${what}: others get BUSY, SCRIPT KILL ends the script alone, and the log has the rest`, async () => {
      const outcome = await compare(loop, async (other) => [
        await ask(other, "GET", "before"),
        await ask(other, "SET", "other", 1),
        await ask(other, "MULTI"),
        await ask(other, "EXEC"),
        await ask(other, "SHUTDOWN"),
        await ask(other, "SCRIPT", "KILL"),
      ]);
      expect(outcome.at(-1)).toBe(`*[$"1" $nil $"1"]`);
    }, 60_000);
  }

  for (const what of ["a plain loop", "a loop in a metamethod"]) {
    test(`${what} after a write: it is UNKILLABLE, and after SHUTDOWN NOSAVE nothing of the transaction is there`, async () => {
      const outcome = await compare(`redis.call('set', 'half', 1) ${loops[what]}`, async (other) => [
        await ask(other, "SCRIPT", "KILL"),
        await ask(other, "GET", "before"),
        await ask(other, "SHUTDOWN", "SAVE"),
        await ask(other, "SHUTDOWN", "NOSAVE"),
      ]);
      expect(outcome.at(-1)).toBe("*[$nil $nil $nil]");
    }, 60_000);
  }
});
