import { command } from "../../dispatch/command.ts";
import { keysAfter } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { StreamCursor } from "../../values/stream/stream-cursor.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { keysOf, type ReadOptions, readReadOptions } from "./read-options.ts";
import { readStreamId } from "./stream-id-argument.ts";
import { replyEntry } from "./stream-replies.ts";
import { readStream } from "../../collections/stream-value.ts";

const highest = new StreamId().setHighest();
const after = new StreamId();
const last = new StreamId();
const cursor = new StreamCursor();

/** Reads into `after` the id behind which entries are requested. */
function readAfter(args: Arguments, index: number, stream: Stream | undefined): void {
  if (args.is(index, "$")) {
    if (stream === undefined) after.setLowest();
    else after.copy(stream.lastId);
  } else if (args.is(index, "+")) {
    // "+" asks for the last entry: the one after the id just below it.
    if (stream === undefined || !stream.findLast(after) || !after.decrement()) after.setLowest();
  } else if (args.is(index, ">")) {
    throw new CommandError(
      "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
    );
  } else {
    readStreamId(args, index, after);
  }
}

/** The stream at a key. For a blocked client, a key of another type counts as missing. */
function streamAt(context: Context, args: Arguments, index: number): Stream | undefined {
  try {
    return readStream(context.database, args, index);
  } catch (error) {
    if (context.retrying) return undefined;
    throw error;
  }
}

/** Writes the entries after `after`. Returns false when there are none. */
function replyNewer(
  stream: Stream | undefined,
  args: Arguments,
  key: number,
  count: number,
  reply: ReplyWriter,
): boolean {
  if (stream === undefined || stream.lastId.compare(after) <= 0) return false;
  if (!stream.findLast(last) || last.compare(after) <= 0) return false;
  after.increment();
  if (reply.protocol === 2) reply.array(2);
  reply.bulk(args.buffer, args.start(key), args.end(key));
  const begin = reply.beginArray();
  let found = 0;
  cursor.begin(stream.blocks, after, highest, false);
  while (found < count && cursor.next()) {
    replyEntry(reply, cursor.entry);
    found++;
  }
  reply.endArray(begin, found);
  return true;
}

/**
 * Blocks the client. "$" and "+" are replaced by the present ids, so that the retried command does not miss entries
 * that are added meanwhile.
 */
function block(
  context: Context,
  args: Arguments,
  options: ReadOptions & { readonly ids: readonly string[]; readonly timeoutMs: number },
  reply: ReplyWriter,
): void {
  const { ids, timeoutMs } = options;
  const words = Array.from({ length: args.count }, (_, index) => args.view(index) as Uint8Array | string);
  const resolved = Arguments.from(words.toSpliced(options.firstKey + options.keyCount, ids.length, ...ids));
  if (context.blockOn(resolved, keysOf(options), { timeoutMs, timeoutReply: "nullArray" }) === "refused") {
    reply.nullArray();
  }
}

export const xread = command({
  name: "XREAD",
  group: "stream",
  since: "5.0.0",
  complexity: "O(N) for N entries that are given.",
  summary: "Gives entries of streams after given ids, optionally waiting for them.",
  syntax: "[COUNT=count] [BLOCK=milliseconds] STREAMS={key... id...}",
  flags: ["readonly", "blocking"],
  keys: keysAfter("STREAMS", 1, "RO access", 2),
  run(context, args, reply) {
    const options = readReadOptions(context, args, "XREAD");
    const { firstKey, keyCount, count, blockMs } = options;
    const ids: string[] = [];
    // All ids are read first, because an error in the last one must prevent any reply.
    for (let key = firstKey; key < firstKey + keyCount; key++) {
      readAfter(args, key + keyCount, streamAt(context, args, key));
      if (blockMs !== undefined) ids.push(after.toString());
    }
    const begin = reply.beginArray();
    let served = 0;
    for (let key = firstKey; key < firstKey + keyCount; key++) {
      const stream = streamAt(context, args, key);
      readAfter(args, key + keyCount, stream);
      if (replyNewer(stream, args, key, count, reply)) served++;
    }
    if (served > 0) reply.endArray(begin, served, reply.protocol === 3 ? "map" : "array");
    else if (blockMs !== undefined) block(context, args, { ...options, ids, timeoutMs: blockMs }, reply);
    else reply.nullArray();
  },
});
