import { command, type Run } from "../../dispatch/command.ts";
import { countedKeys, keyAt, keysFrom } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { readTimeoutSeconds } from "../timeout-argument.ts";
import type { ListEnd } from "../../collections/list-value.ts";
import { type MoveEnds, moveElement, readEnd } from "./move.ts";
import { findListToPop, listPop } from "./multi-pop.ts";
import { blockingMultiPop, waitForKeys } from "../multi-pop.ts";
import { popElements } from "./pop.ts";

/** redis-server does not count what these commands change for a client that had to wait. It does count BLMPOP. */
function uncountWhenBlocked({ keyspace, retrying }: Context, dirtyBefore: number): void {
  if (retrying) keyspace.uncounted += keyspace.dirty - dirtyBefore;
}

/** Pops from the first of the keys that holds a list. Returns false when none does. */
function popOne(context: Context, args: Arguments, end: ListEnd, reply: ReplyWriter): boolean {
  for (let keyIndex = 1; keyIndex < args.count - 1; keyIndex++) {
    const list = findListToPop(context, args, keyIndex);
    if (list === undefined) continue;
    // The log gets the non-blocking form, because loading must not wait.
    if (context.logs) context.logAs(end === "head" ? "LPOP" : "RPOP", args.view(keyIndex));
    reply.array(2);
    reply.bulk(args.buffer, args.start(keyIndex), args.end(keyIndex));
    const { dirty } = context.keyspace;
    popElements(context, args, list, { keyIndex, end, count: 1 }, reply);
    uncountWhenBlocked(context, dirty);
    return true;
  }
  return false;
}

const blockingPop =
  (end: ListEnd): Run =>
  (context, args, reply) => {
    const timeoutMs = readTimeoutSeconds(args, args.count - 1, context.now);
    if (popOne(context, args, end, reply)) return;
    const keys = Array.from({ length: args.count - 2 }, (_, number) => number + 1);
    waitForKeys(context, args, { keys, timeoutMs }, reply);
  };

export const blpop = command({
  name: "BLPOP",
  group: "list",
  since: "2.0.0",
  complexity: "O(N) for N keys.",
  summary: "Pops the first element of the first list that exists, waiting for one if all are missing.",
  syntax: "key... timeout",
  flags: ["write", "blocking"],
  keys: keysFrom(1, "RW access delete", { last: -2 }),
  run: blockingPop("head"),
});

export const brpop = command({
  name: "BRPOP",
  group: "list",
  since: "2.0.0",
  complexity: "O(N) for N keys.",
  summary: "Pops the last element of the first list that exists, waiting for one if all are missing.",
  syntax: "key... timeout",
  flags: ["write", "blocking"],
  keys: keysFrom(1, "RW access delete", { last: -2 }),
  run: blockingPop("tail"),
});

function moveOrBlock(context: Context, args: Arguments, ends: MoveEnds, timeoutMs: number, reply: ReplyWriter): void {
  if (context.retrying && findListToPop(context, args, 1) === undefined) return;
  const { dirty } = context.keyspace;
  const moved = moveElement(context, args, ends, reply);
  uncountWhenBlocked(context, dirty);
  if (moved) return;
  if (context.blockOn(args, [1], { timeoutMs, timeoutReply: "nullArray" }) === "refused") reply.null();
}

export const blmove = command({
  name: "BLMOVE",
  group: "list",
  since: "6.2.0",
  complexity: "O(1)",
  brief: true,
  summary: "Moves an element as LMOVE does, waiting for one if the source is missing.",
  syntax: "source:key destination:key (LEFT | RIGHT) (LEFT | RIGHT) timeout",
  flags: ["write", "denyoom", "blocking"],
  keys: [keyAt(1, "RW access delete"), keyAt(2, "RW insert")],
  run(context, args, reply) {
    const ends = { from: readEnd(args, 3), to: readEnd(args, 4) };
    const timeoutMs = readTimeoutSeconds(args, 5, context.now);
    if (context.logs) context.logAs("LMOVE", args.view(1), args.view(2), args.view(3), args.view(4));
    moveOrBlock(context, args, ends, timeoutMs, reply);
  },
});

export const brpoplpush = command({
  name: "BRPOPLPUSH",
  group: "list",
  since: "2.2.0",
  complexity: "O(1)",
  brief: true,
  summary: "Moves an element as RPOPLPUSH does, waiting for one if the source is missing.",
  syntax: "source:key destination:key timeout",
  flags: ["write", "denyoom", "blocking"],
  keys: [keyAt(1, "RW access delete"), keyAt(2, "RW insert")],
  run(context, args, reply) {
    const timeoutMs = readTimeoutSeconds(args, 3, context.now);
    if (context.logs) context.logAs("RPOPLPUSH", args.view(1), args.view(2));
    moveOrBlock(context, args, { from: "tail", to: "head" }, timeoutMs, reply);
  },
});

export const blmpop = command({
  name: "BLMPOP",
  group: "list",
  since: "7.0.0",
  complexity: "O(N+M) for N keys and M elements that are given.",
  summary: "Pops elements from the first list that exists, waiting for one if all are missing.",
  syntax: "timeout numkeys key... (LEFT | RIGHT) [COUNT=count]",
  flags: ["write", "blocking"],
  keys: countedKeys(2, "RW access delete"),
  run: blockingMultiPop(listPop),
});
