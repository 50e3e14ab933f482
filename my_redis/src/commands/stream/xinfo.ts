import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { ConsumerGroup } from "../../values/stream/consumer-group.ts";
import { radixTreeNodes } from "../../values/stream/radix-tree-nodes.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { StreamCursor } from "../../values/stream/stream-cursor.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { xinfoHelp } from "./help.ts";
import { replyCount64, replyEntry, replyId } from "./stream-replies.ts";
import { readStream } from "../../collections/stream-value.ts";
import { replyEntries, replyGroupInFull, replyProgress } from "./xinfo-full.ts";

const lowest = new StreamId().setLowest();
const highest = new StreamId().setHighest();
const cursor = new StreamCursor();
const defaultFullCount = 10;

const onKey = {
  group: "stream",
  flags: ["readonly"],
  keys: keyAt(2),
} as const;

function requireStream({ database }: Context, args: Arguments): Stream {
  const stream = readStream(database, args, 2);
  if (stream === undefined) throw new CommandError(errors.noSuchKey);
  return stream;
}

/** The first seven fields of both forms of XINFO STREAM. */
function replyFacts(stream: Stream, reply: ReplyWriter): void {
  reply.bulkText("length");
  reply.integer(stream.length);
  reply.bulkText("radix-tree-keys");
  reply.integer(stream.blocks.count);
  reply.bulkText("radix-tree-nodes");
  reply.integer(radixTreeNodes(stream.blocks.index));
  reply.bulkText("last-generated-id");
  replyId(reply, stream.lastId);
  reply.bulkText("max-deleted-entry-id");
  replyId(reply, stream.maxDeletedId);
  reply.bulkText("entries-added");
  replyCount64(reply, stream.entriesAdded);
  reply.bulkText("recorded-first-entry-id");
  replyId(reply, stream.firstId);
}

function replyEdge(stream: Stream, backward: boolean, reply: ReplyWriter): void {
  cursor.begin(stream.blocks, lowest, highest, backward);
  if (cursor.next()) replyEntry(reply, cursor.entry);
  else reply.null();
}

/** COUNT of the full form; Infinity for all. */
function readFullCount(args: Arguments): number {
  if (!args.is(3, "full") || args.count === 5 || args.count > 6) throw unknownForm(args);
  if (args.count === 4) return defaultFullCount;
  if (!args.is(4, "count")) throw unknownForm(args);
  const count = args.integer(5);
  if (count < 0) return defaultFullCount;
  return count === 0 ? Number.POSITIVE_INFINITY : count;
}

const unknownForm = (args: Arguments): CommandError =>
  new CommandError(`ERR unknown subcommand or wrong number of arguments for '${args.latin1(1)}'. Try XINFO HELP.`);

const stream = command({
  ...onKey,
  name: "XINFO STREAM",
  since: "5.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Describes a stream; with FULL also its entries, groups and consumers.",
  syntax: "key [FULL={[COUNT=count]}]",
  run(context, args, reply) {
    const found = requireStream(context, args);
    const count = args.count > 3 ? readFullCount(args) : undefined;
    reply.map(count === undefined ? 10 : 9);
    replyFacts(found, reply);
    if (count !== undefined) {
      reply.bulkText("entries");
      replyEntries(found, count, reply);
      reply.bulkText("groups");
      reply.array(found.groupCount);
      for (const [name, group] of found.groups()) replyGroupInFull(found, name, group, count, reply);
      return;
    }
    reply.bulkText("groups");
    reply.integer(found.groupCount);
    reply.bulkText("first-entry");
    replyEdge(found, false, reply);
    reply.bulkText("last-entry");
    replyEdge(found, true, reply);
  },
});

function replyGroup(found: Stream, name: string, group: ConsumerGroup, reply: ReplyWriter): void {
  reply.map(6);
  reply.bulkText("name");
  reply.bulkLatin1(name);
  reply.bulkText("consumers");
  reply.integer(group.consumerCount);
  reply.bulkText("pending");
  reply.integer(group.pending.size);
  reply.bulkText("last-delivered-id");
  replyId(reply, group.lastId);
  replyProgress(found, group, reply);
}

const groups = command({
  ...onKey,
  name: "XINFO GROUPS",
  since: "5.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Describes the consumer groups of a stream.",
  syntax: "key",
  run(context, args, reply) {
    const found = requireStream(context, args);
    reply.array(found.groupCount);
    for (const [name, group] of found.groups()) replyGroup(found, name, group, reply);
  },
});

const consumers = command({
  ...onKey,
  name: "XINFO CONSUMERS",
  since: "5.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Describes the consumers of a group.",
  syntax: "key group",
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    const found = requireStream(context, args).group(args.latin1(3));
    if (found === undefined) {
      throw new CommandError(`NOGROUP No such consumer group '${args.latin1(3)}' for key name '${args.latin1(2)}'`);
    }
    const nowMs = context.now;
    reply.array(found.consumerCount);
    for (const { name, pending, seenMs, activeMs } of found.consumers()) {
      reply.map(4);
      reply.bulkText("name");
      reply.bulkLatin1(name);
      reply.bulkText("pending");
      reply.integer(pending.size);
      reply.bulkText("idle");
      reply.integer(Math.max(0, nowMs - seenMs));
      reply.bulkText("inactive");
      reply.integer(activeMs < 0 ? -1 : Math.max(0, nowMs - activeMs));
    }
  },
});

export const xinfo = command({
  name: "XINFO",
  group: "stream",
  since: "5.0.0",
  complexity: "Depends on the subcommand.",
  summary: "Groups the commands that describe streams, consumer groups and consumers.",
  flags: [],
  subcommands: [consumers, groups, xinfoHelp, stream],
});
