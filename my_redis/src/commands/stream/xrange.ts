import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { StreamCursor } from "../../values/stream/stream-cursor.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { readIntervalEnd, readIntervalStart } from "./stream-id-argument.ts";
import { replyEntry } from "./stream-replies.ts";
import { readStream } from "../../collections/stream-value.ts";
import { OptionReader } from "../options/option-reader.ts";

const from = new StreamId();
const to = new StreamId();
const cursor = new StreamCursor();

/** COUNT, the only option; Infinity without it. */
function readCount(args: Arguments): number {
  let count = Number.POSITIVE_INFINITY;
  const options = new OptionReader(args, 4);
  while (options.next()) {
    if (!options.is("count", 1)) options.refuse();
    count = Math.max(0, options.integer());
  }
  return count;
}

function replyRange(context: Context, args: Arguments, reply: ReplyWriter, backward: boolean): void {
  readIntervalStart(args, backward ? 3 : 2, from);
  readIntervalEnd(args, backward ? 2 : 3, to);
  const count = readCount(args);
  const stream = readStream(context.database, args, 1);
  if (stream === undefined) {
    reply.array(0);
    return;
  }
  if (count === 0) {
    reply.nullArray();
    return;
  }
  const begin = reply.beginArray();
  let found = 0;
  cursor.begin(stream.blocks, from, to, backward);
  while (found < count && cursor.next()) {
    replyEntry(reply, cursor.entry);
    found++;
  }
  reply.endArray(begin, found);
}

const shared = {
  group: "stream",
  since: "5.0.0",
  complexity: "O(N) for N entries that are given.",
  flags: ["readonly"],
  keys: firstKey,
} as const;

export const xrange = command({
  ...shared,
  name: "XRANGE",
  summary: "Gives the entries of a stream between two ids.",
  syntax: "key start end [COUNT=count]",
  run: (context, args, reply) => replyRange(context, args, reply, false),
});

export const xrevrange = command({
  ...shared,
  name: "XREVRANGE",
  summary: "Gives the entries of a stream between two ids, the last first.",
  syntax: "key end start [COUNT=count]",
  run: (context, args, reply) => replyRange(context, args, reply, true),
});
