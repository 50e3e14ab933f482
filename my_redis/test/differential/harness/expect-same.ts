import { datasetDifference, emptyBoth } from "./dataset.ts";
import { recordExercised } from "./exercised-commands.ts";
import { commandOf, difference, SequenceRun, showStep, type Step } from "./sequence.ts";
import { type SideEffect, SideEffects } from "./side-effects.ts";
import { type ServerPair, serverPair } from "./servers.ts";

export interface SequenceOptions {
  /** RESP2 and RESP3 when not given. */
  readonly protocols?: readonly (2 | 3)[];
  /** Whether all data (type, encoding, expiry, value of each key) is compared afterwards, too; true when not given. */
  readonly compareData?: boolean;
  /** What else is compared; nothing when not given. */
  readonly sideEffects?: readonly SideEffect[];
  /** The servers; the pair that all tests share when not given. */
  readonly pair?: () => Promise<ServerPair>;
}

/**
 * Runs the steps on both servers, empty before, and fails with the first reply that differs by a byte (or, for a
 * few commands, by what compare.ts tolerates).
 *
 *   await expectSame([["SET", "k", "v"], ["GET", "k"]]);
 *   await expectSame([
 *     { on: 1, command: ["BLPOP", "k", "0"], blocks: true },
 *     ["RPUSH", "k", "v"],
 *     { awaitReply: 1 },
 *   ]);
 */
export async function expectSame(steps: readonly Step[], options: SequenceOptions = {}): Promise<void> {
  const failure = await sequenceFailure(steps, options);
  if (failure !== undefined) throw new Error(failure);
}

/** Like `expectSame`, but returns the failure. */
export async function sequenceFailure(
  steps: readonly Step[],
  { protocols = [2, 3], compareData = true, sideEffects = [], pair: choosePair = serverPair }: SequenceOptions = {},
): Promise<string | undefined> {
  const pair = await choosePair();
  for (const protocol of protocols) {
    await emptyBoth(pair);
    const observed = sideEffects.length === 0 ? undefined : await SideEffects.observe(pair, sideEffects);
    const failure = await runOnBoth(pair, steps, protocol);
    const differentEffects = await observed?.difference();
    await observed?.close();
    if (failure !== undefined) return failure;
    if (differentEffects !== undefined) return describeFailure(steps, steps.length, protocol, differentEffects);
    const left = compareData ? await datasetDifference(pair) : undefined;
    if (left !== undefined) return describeFailure(steps, steps.length, protocol, left);
  }
  for (const step of steps) {
    const command = commandOf(step);
    if (command !== undefined) recordExercised(command);
  }
  return undefined;
}

async function runOnBoth(pair: ServerPair, steps: readonly Step[], protocol: 2 | 3): Promise<string | undefined> {
  const ours = new SequenceRun("MyRedis", pair, protocol);
  const theirs = new SequenceRun("redis-server", pair, protocol);
  try {
    const [ourReplies, theirReplies] = await Promise.all([ours.run(steps), theirs.run(steps)]);
    for (const [at, step] of steps.entries()) {
      const found = difference(step, ourReplies[at] ?? [], theirReplies[at] ?? []);
      if (found !== undefined) return describeFailure(steps, at, protocol, found);
    }
    const unread = [ours.unread(), theirs.unread()];
    if (unread[0] === unread[1]) return undefined;
    return describeFailure(steps, steps.length, protocol, `unread: MyRedis ${unread[0]}, redis-server ${unread[1]}`);
  } finally {
    ours.close();
    theirs.close();
  }
}

function describeFailure(steps: readonly Step[], at: number, protocol: 2 | 3, found: string): string {
  const before = steps.slice(Math.max(0, at - 60), at).map((step) => `      ${showStep(step)}`);
  const after = before.length > 0 ? `\n    after\n${before.join("\n")}` : "";
  return `RESP${protocol}, step ${at + 1}: ${found}${after}`;
}
