import { command } from "../../dispatch/command.ts";
import { keysAfter } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Consumer, ConsumerGroup } from "../../values/stream/consumer-group.ts";
import { plus } from "../../values/stream/count-64.ts";
import { IdPlace } from "../../values/stream/id-map.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { StreamCursor } from "../../values/stream/stream-cursor.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { actingConsumer } from "./group-consumer.ts";
import { logClaim, logNewConsumer, logPosition } from "./group-log.ts";
import { keysOf, type ReadOptions, readReadOptions } from "./read-options.ts";
import { readStreamId } from "./stream-id-argument.ts";
import { replyEntry, replyId } from "./stream-replies.ts";
import { readStream } from "../../collections/stream-value.ts";

const highest = new StreamId().setHighest();
const after = new StreamId();
const last = new StreamId();
const pendingId = new StreamId();
const cursor = new StreamCursor();
const own = new IdPlace();
const place = new IdPlace();

const meaninglessDollar =
  "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by " +
  "specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.";

/** One stream of the command, with its group. */
interface GroupRead {
  readonly keyIndex: number;
  readonly stream: Stream;
  readonly group: ConsumerGroup;
  /** Whether it asks for entries that no consumer has received, instead of the consumer's pending ones. */
  readonly wantsNew: boolean;
}

/** Finds the stream and group at a key, and reads the id into `after`. */
function readGroup(context: Context, args: Arguments, keyIndex: number, options: ReadOptions): GroupRead {
  const stream = readStream(context.database, args, keyIndex);
  const name = options.group as string;
  const group = stream?.group(name);
  if (stream === undefined || group === undefined) {
    throw new CommandError(
      `NOGROUP No such key '${args.latin1(keyIndex)}' or consumer group '${name}' in XREADGROUP with GROUP option`,
    );
  }
  const index = keyIndex + options.keyCount;
  if (args.is(index, "$")) throw new CommandError(meaninglessDollar);
  if (args.is(index, ">")) after.setHighest();
  else readStreamId(args, index, after);
  return { keyIndex, stream, group, wantsNew: after.compare(highest) === 0 };
}

const hasNew = ({ stream, group }: GroupRead): boolean =>
  stream.lastId.compare(group.lastId) > 0 && stream.findLast(last) && last.compare(group.lastId) > 0;

function replyNew(
  context: Context,
  args: Arguments,
  read: GroupRead,
  consumer: Consumer,
  options: ReadOptions,
  reply: ReplyWriter,
): void {
  const { stream, group } = read;
  const key = args.view(read.keyIndex);
  const begin = reply.beginArray();
  let found = 0;
  after.copy(group.lastId).increment();
  cursor.begin(stream.blocks, after, highest, false);
  while (found < options.count && cursor.next()) {
    const { id } = cursor.entry;
    found++;
    replyEntry(reply, cursor.entry);
    stream.advance(group, id);
    if (options.noAcknowledge) continue;
    group.deliver(id, consumer, context.now, place);
    consumer.activeMs = context.now;
    logClaim(context, key, options.group as string, group, id, place);
  }
  reply.endArray(begin, found);
  logPosition(context, key, options.group as string, group);
}

/** Writes the consumer's pending entries. A deleted entry is written as its id and nil. */
function replyPending(context: Context, read: GroupRead, consumer: Consumer, count: number, reply: ReplyWriter): void {
  const { stream, group } = read;
  const { pending } = group;
  const begin = reply.beginArray();
  let found = 0;
  after.increment();
  let more = consumer.pending.atLeast(after, own);
  for (; more && found < count; more = consumer.pending.next(own)) {
    consumer.pending.readId(own, pendingId);
    found++;
    cursor.begin(stream.blocks, pendingId, pendingId, false);
    if (cursor.next()) {
      replyEntry(reply, cursor.entry);
      // Redis counts this as a delivery, too, but does not log it.
      pending.map.find(pendingId, place);
      pending.setDeliveredMs(place, context.now);
      pending.setDeliveries(place, plus(pending.deliveries(place), 1));
    } else {
      reply.array(2);
      replyId(reply, pendingId);
      reply.nullArray();
    }
  }
  reply.endArray(begin, found);
}

/** Writes one stream's entries for the consumer. Returns false when there are none. */
function replyGroup(
  context: Context,
  args: Arguments,
  read: GroupRead,
  options: ReadOptions,
  reply: ReplyWriter,
): boolean {
  const { keyIndex, group } = read;
  // redis-server looks each stream up twice, once to check it, and counts both.
  readStream(context.database, args, keyIndex);
  const acting = actingConsumer(context, args, { keyIndex, group, index: options.consumerIndex });
  const serves = !read.wantsNew || hasNew(read);
  const claims = serves && read.wantsNew && !options.noAcknowledge;
  if (!claims) logNewConsumer(context, args.view(keyIndex), options.group as string, acting);
  if (serves) {
    if (reply.protocol === 2) reply.array(2);
    reply.bulk(args.buffer, args.start(keyIndex), args.end(keyIndex));
    if (read.wantsNew) {
      replyNew(context, args, read, acting.consumer, options, reply);
    } else {
      readStreamId(args, keyIndex + options.keyCount, after);
      replyPending(context, read, acting.consumer, options.count, reply);
    }
    context.keyspace.dirty++;
  }
  return serves;
}

export const xreadgroup = command({
  name: "XREADGROUP",
  group: "stream",
  since: "5.0.0",
  complexity: "O(N) for N entries that are given.",
  summary: "Gives a consumer of a group new entries of streams, or its own pending entries.",
  syntax: "GROUP={group consumer} [COUNT=count] [BLOCK=milliseconds] [NOACK] STREAMS={key... id...}",
  flags: ["write", "blocking"],
  keys: keysAfter("STREAMS", 4, "RO access", 2),
  run(context, args, reply) {
    const options = readReadOptions(context, args, "XREADGROUP");
    const reads = keysOf(options).map((key) => readGroup(context, args, key, options));
    // The effects are logged one by one, in a form that does not depend on the time.
    context.logNothing();
    const begin = reply.beginArray();
    let served = 0;
    for (const read of reads) if (replyGroup(context, args, read, options, reply)) served++;
    if (served > 0) {
      reply.endArray(begin, served, reply.protocol === 3 ? "map" : "array");
      return;
    }
    const { blockMs: timeoutMs } = options;
    const waits =
      timeoutMs !== undefined &&
      context.blockOn(args, keysOf(options), { timeoutMs, timeoutReply: "nullArray", untilGone: true }) === "blocked";
    if (!waits) reply.nullArray();
  },
});
