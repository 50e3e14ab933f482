import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Consumer, ConsumerGroup } from "../../values/stream/consumer-group.ts";
import { IdPlace } from "../../values/stream/id-map.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { readIntervalEnd, readIntervalStart } from "./stream-id-argument.ts";
import { replyCount64, replyId } from "./stream-replies.ts";
import { requireGroup } from "../../collections/stream-value.ts";

const from = new StreamId();
const to = new StreamId();
const id = new StreamId();
const place = new IdPlace();
const own = new IdPlace();

function replySummary(group: ConsumerGroup, reply: ReplyWriter): void {
  const { map } = group.pending;
  reply.array(4);
  reply.integer(map.size);
  if (map.size === 0) {
    reply.null();
    reply.null();
    reply.nullArray();
    return;
  }
  map.first(place);
  replyId(reply, map.readId(place, id));
  map.last(place);
  replyId(reply, map.readId(place, id));
  const busy = group.consumers().filter(({ pending }) => pending.size > 0);
  reply.array(busy.length);
  for (const { name, pending } of busy) {
    reply.array(2);
    reply.bulkLatin1(name);
    reply.bulkInteger(pending.size);
  }
}

/** The options of the long form. `from` and `to` hold the interval. */
interface PendingQuery {
  readonly minIdleMs: number;
  readonly count: number;
  /** Undefined for all consumers. */
  readonly consumer: string | undefined;
}

function readQuery(args: Arguments): PendingQuery {
  if (args.count < 6 || args.count > 9) throw new CommandError(errors.syntax);
  let index = 3;
  let minIdleMs = 0;
  if (args.is(3, "idle")) {
    minIdleMs = args.integer(4);
    if (args.count < 8) throw new CommandError(errors.syntax);
    index = 5;
  }
  const count = args.integer(index + 2);
  readIntervalStart(args, index, from);
  readIntervalEnd(args, index + 1, to);
  const consumer = index + 3 < args.count ? args.latin1(index + 3) : undefined;
  return { minIdleMs, count, consumer };
}

/** Writes the pending entry at `place`, unless it was delivered too recently. */
function replyPending(group: ConsumerGroup, query: PendingQuery, nowMs: number, reply: ReplyWriter): boolean {
  const { pending } = group;
  const idleMs = nowMs - pending.deliveredMs(place);
  if (query.minIdleMs !== 0 && idleMs < query.minIdleMs) return false;
  reply.array(4);
  replyId(reply, pending.map.readId(place, id));
  reply.bulkLatin1(group.consumerAt(place).name);
  reply.integer(Math.max(0, idleMs));
  replyCount64(reply, pending.deliveries(place));
  return true;
}

/** The pending entries of all consumers. */
function replyAll(group: ConsumerGroup, query: PendingQuery, nowMs: number, reply: ReplyWriter): number {
  const { map } = group.pending;
  let found = 0;
  for (let more = map.atLeast(from, place); more && found < query.count; more = map.next(place)) {
    if (map.readId(place, id).compare(to) > 0) break;
    if (replyPending(group, query, nowMs, reply)) found++;
  }
  return found;
}

function replyOwn(
  group: ConsumerGroup,
  consumer: Consumer,
  query: PendingQuery,
  nowMs: number,
  reply: ReplyWriter,
): number {
  const { pending } = consumer;
  let found = 0;
  for (let more = pending.atLeast(from, own); more && found < query.count; more = pending.next(own)) {
    if (pending.readId(own, id).compare(to) > 0) break;
    group.pending.map.find(id, place);
    if (replyPending(group, query, nowMs, reply)) found++;
  }
  return found;
}

function replyEntries(context: Context, args: Arguments, reply: ReplyWriter): void {
  const query = readQuery(args);
  const { group } = requireGroup(context.database, args);
  const begin = reply.beginArray();
  let found = 0;
  if (query.consumer === undefined) {
    found = replyAll(group, query, context.now, reply);
  } else {
    const consumer = group.consumer(query.consumer);
    if (consumer !== undefined) found = replyOwn(group, consumer, query, context.now, reply);
  }
  reply.endArray(begin, found);
}

export const xpending = command({
  name: "XPENDING",
  group: "stream",
  since: "5.0.0",
  complexity: "O(N) for N entries that are given; the short form is O(N) for N consumers.",
  summary: "Lists the pending entries of a group, each with its consumer, idle time and number of deliveries.",
  syntax: "key group [[IDLE=min-idle-time:integer] start end count [consumer]]",
  flags: ["readonly"],
  keys: firstKey,
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    if (args.count === 3) replySummary(requireGroup(context.database, args).group, reply);
    else replyEntries(context, args, reply);
  },
});
