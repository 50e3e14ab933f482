import { command, type CommandDefinition } from "../../dispatch/command.ts";
import { firstKey, keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Address } from "../../memory/heap.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { maxInt64, parseInt64 } from "../../protocol/number-text.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { drawRepeatedly } from "../repeated-draws.ts";
import { findSet, readSet, type SetValue } from "../../collections/set-value.ts";
import type { ByteRange } from "../../memory/byte-range.ts";

/**
 * Up to this share of a table, distinct members are found by repeated draws. Larger samples are taken from a list of
 * all members.
 */
const drawFromListShare = 1 / 3;
/** The most members of one SREM in the log. */
const maxLoggedMembers = 1024;

const shared = {
  group: "set",
  since: "1.0.0",
  tips: ["nondeterministic_output"],
} as const satisfies Partial<CommandDefinition>;

type Random = () => number;
type Visit = (member: ByteRange) => void;

/** Visits `count` distinct members. The set must have as many. */
function drawDistinct(set: SetValue, count: number, random: Random, visit: Visit): void {
  const { table } = set;
  if (table === undefined) {
    chooseInOrder(set.size, count, random, (index) => visit(set.memberAt(index)));
  } else if (count > table.size * drawFromListShare) {
    const entries: Address[] = [];
    table.forEach((entry) => entries.push(entry));
    chooseInOrder(entries.length, count, random, (index) => visit(set.textOf(entries[index] as Address)));
  } else {
    const drawn = new Set<Address>();
    while (drawn.size < count) drawn.add(table.random(random));
    for (const entry of drawn) visit(set.textOf(entry));
  }
}

/** Selection sampling (Knuth, The Art of Computer Programming, 3.4.2 S): every subset is equally likely. */
function chooseInOrder(total: number, count: number, random: Random, visit: (index: number) => void): void {
  let wanted = count;
  for (let index = 0; wanted > 0; index++) {
    if (random() * (total - index) >= wanted) continue;
    visit(index);
    wanted--;
  }
}

function readSignedCount(args: Arguments, index: number): number {
  const count = args.int64(index);
  if (count < -maxInt64) {
    throw new CommandError(`ERR value is out of range, value must between -${maxInt64} and ${maxInt64}`);
  }
  return Number(count);
}

function replyMembers(set: SetValue, count: number, random: Random, reply: ReplyWriter): void {
  const write: Visit = ({ bytes, start, end }) => reply.bulk(bytes, start, end);
  if (count >= 0) {
    const given = Math.min(count, set.size);
    reply.array(given);
    drawDistinct(set, given, random, write);
    return;
  }
  reply.array(-count);
  drawRepeatedly(-count, reply, () => write(set.random(random)));
}

export const srandmember = command({
  ...shared,
  name: "SRANDMEMBER",
  complexity: "O(N) for N members that are given.",
  summary: "Gives random members of a set: distinct ones, or with a negative count possibly repeated ones.",
  syntax: "key [count]",
  flags: ["readonly"],
  keys: firstKey,
  run(context, args, reply) {
    if (args.count > 3) throw new CommandError(errors.syntax);
    const count = args.count === 3 ? readSignedCount(args, 2) : undefined;
    const set = readSet(context.database, args);
    const { random } = context.keyspace.environment;
    if (set === undefined) {
      if (count === undefined) reply.null();
      else reply.array(0);
    } else if (count === undefined) {
      const { bytes, start, end } = set.random(random);
      reply.bulk(bytes, start, end);
    } else {
      replyMembers(set, count, random, reply);
    }
  },
});

function popOne(context: Context, args: Arguments, set: SetValue, reply: ReplyWriter): void {
  const { bytes, start, end } = set.random(context.keyspace.environment.random);
  reply.bulk(bytes, start, end);
  if (context.logs) context.logAs("SREM", args.view(1), bytes.slice(start, end));
  set.remove(bytes, start, end);
  context.database.changed(args, 1, "spop");
  set.deleteIfEmpty(args, 1);
}

function popAll(context: Context, args: Arguments, set: SetValue, reply: ReplyWriter): void {
  const { database } = context;
  set.forEach(({ bytes, start, end }) => reply.bulk(bytes, start, end));
  const { size } = set;
  database.remove(set.address);
  database.changed(args, 1, "spop", size);
  database.announce(args, 1, "del");
  if (context.logs) context.logAs("DEL", args.view(1));
}

function popSome(context: Context, args: Arguments, set: SetValue, count: number, reply: ReplyWriter): void {
  const popped: Uint8Array[] = [];
  drawDistinct(set, count, context.keyspace.environment.random, ({ bytes, start, end }) => {
    reply.bulk(bytes, start, end);
    popped.push(new Uint8Array(bytes.subarray(start, end)));
  });
  for (const member of popped) set.remove(member, 0, member.length);
  context.database.changed(args, 1, "spop", popped.length);
  for (let from = 0; context.logs && from < popped.length; from += maxLoggedMembers) {
    context.logAs("SREM", args.view(1), ...popped.slice(from, from + maxLoggedMembers));
  }
}

function readCount(args: Arguments, index: number): number {
  const count = parseInt64(args.buffer, args.start(index), args.end(index));
  if (count === undefined || count < 0n) throw new CommandError("ERR value is out of range, must be positive");
  return Number(count);
}

export const spop = command({
  ...shared,
  name: "SPOP",
  complexity: "O(N) for N members that are given.",
  summary: "Removes random members of a set and returns them.",
  syntax: "key [count]",
  flags: ["write", "fast"],
  keys: keyAt(1, "RW access delete"),
  run(context, args, reply) {
    if (args.count > 3) throw new CommandError(errors.syntax);
    const asked = args.count === 3 ? readCount(args, 2) : undefined;
    const set = findSet(context.database, args);
    if (set === undefined) {
      if (asked === undefined) reply.null();
      else reply.set(0);
    } else if (asked === undefined) {
      popOne(context, args, set, reply);
    } else {
      const count = Math.min(asked, set.size);
      reply.set(count);
      if (count === set.size) popAll(context, args, set, reply);
      else if (count > 0) popSome(context, args, set, count, reply);
    }
  },
});
