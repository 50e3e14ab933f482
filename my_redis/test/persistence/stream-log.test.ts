import { expect, test } from "bun:test";
import fc from "fast-check";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { startServer } from "../../index.ts";
import { type Step, type Word } from "../differential/harness/index.ts";
import { type Reply, showReply } from "../differential/harness/reply.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";
import { groupSteps, streamSteps } from "../differential/stream-steps.ts";

/** The time at which a consumer was last seen is not logged. */
const unlogged = new Set(["seen-time", "active-time"]);

function withoutUnlogged({ sign, items, text }: Reply): Reply {
  if (items === undefined || items === null) return { sign, ...(text !== undefined && { text }) };
  const kept: Reply[] = [];
  for (let at = 0; at < items.length; at++) {
    const item = items[at] as Reply;
    if (unlogged.has(item.text ?? "")) at++;
    else kept.push(withoutUnlogged(item));
  }
  return { sign, items: kept };
}

const commandIn = (step: Step): readonly Word[] => ("command" in step ? step.command : (step as readonly Word[]));

/** Reading the history of a group counts as a delivery, which Redis does not log. */
const readsHistory = (command: readonly Word[]): boolean => command[0] === "XREADGROUP" && command.at(-1) !== ">";

async function stateOf(connection: RespConnection): Promise<string> {
  const replies = await connection.replies([
    ["XINFO", "STREAM", "a", "FULL", "COUNT", "0"],
    ["XINFO", "STREAM", "b", "FULL", "COUNT", "0"],
  ]);
  return replies.map((reply) => showReply(withoutUnlogged(reply))).join("\n");
}

async function run<Result>(dir: string, use: (connection: RespConnection) => Promise<Result>): Promise<Result> {
  const running = await startServer({
    port: 0,
    bind: ["127.0.0.1"],
    dir,
    appendonly: true,
    "stream-node-max-entries": 4,
  });
  const connection = await RespConnection.open(running.port, "MyRedis");
  try {
    return await use(connection);
  } finally {
    connection.close();
    await running.close();
  }
}

test("streams and their groups are the same after a restart", async () => {
  const steps = fc.array(fc.oneof(...streamSteps, ...groupSteps, ...groupSteps), {
    minLength: 30,
    maxLength: 60,
    size: "max",
  });
  await fc.assert(
    fc.asyncProperty(steps, async (chosen) => {
      const dir = temporaryFolder("stream-log");
      const commands = chosen.map(commandIn).filter((command) => !readsHistory(command));
      const before = await run(dir, async (connection) => {
        await connection.replies(commands);
        return stateOf(connection);
      });
      expect(await run(dir, stateOf)).toBe(before);
    }),
    { numRuns: 25, seed: 1 },
  );
}, 60_000);
