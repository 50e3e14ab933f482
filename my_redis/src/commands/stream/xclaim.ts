import { command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Consumer, ConsumerGroup } from "../../values/stream/consumer-group.ts";
import { type Count64, count64 } from "../../values/stream/count-64.ts";
import { IdPlace } from "../../values/stream/id-map.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { parseStreamId, StreamId } from "../../values/stream/stream-id.ts";
import { claimEntry, dropEntry } from "./claim.ts";
import { actingConsumer } from "./group-consumer.ts";
import { logNewConsumer, logPosition } from "./group-log.ts";
import { readStreamId } from "./stream-id-argument.ts";
import { requireGroup } from "../../collections/stream-value.ts";

const id = new StreamId();
const lastId = new StreamId();
const place = new IdPlace();

interface ClaimOptions {
  readonly minIdleMs: number;
  /** Index after the last id. */
  readonly idsEnd: number;
  deliveredMs: number;
  retryCount: Count64 | undefined;
  force: boolean;
  justId: boolean;
}

/** Reads what follows on the group's name; LASTID goes into `lastId`. */
function readOptions(args: Arguments, nowMs: number): ClaimOptions {
  const minIdleMs = args.integer(4, "ERR Invalid min-idle-time argument for XCLAIM");
  let index = 5;
  while (index < args.count && parseStreamId(args.buffer, args.start(index), args.end(index), id, "lowest")) index++;
  const options: ClaimOptions = {
    minIdleMs,
    idsEnd: index,
    deliveredMs: nowMs,
    retryCount: undefined,
    force: false,
    justId: false,
  };
  lastId.setLowest();
  while (index < args.count) index = readOption(args, index, nowMs, options);
  return options;
}

/** Reads one option; gives the index after it. */
function readOption(args: Arguments, index: number, nowMs: number, options: ClaimOptions): number {
  if (args.is(index, "force")) {
    options.force = true;
    return index + 1;
  }
  if (args.is(index, "justid")) {
    options.justId = true;
    return index + 1;
  }
  const value = index + 1;
  if (value < args.count && args.is(index, "idle")) {
    options.deliveredMs = sane(nowMs - args.integer(value, "ERR Invalid IDLE option argument for XCLAIM"), nowMs);
  } else if (value < args.count && args.is(index, "time")) {
    options.deliveredMs = sane(args.integer(value, "ERR Invalid TIME option argument for XCLAIM"), nowMs);
  } else if (value < args.count && args.is(index, "retrycount")) {
    const retryCount = count64(args.int64(value, "ERR Invalid RETRYCOUNT option argument for XCLAIM"));
    options.retryCount = retryCount < 0 ? undefined : retryCount;
  } else if (value < args.count && args.is(index, "lastid")) {
    readStreamId(args, value, lastId);
  } else {
    throw new CommandError(`ERR Unrecognized XCLAIM option '${args.latin1(index)}'`);
  }
  return index + 2;
}

/** A moment before 1970 or in the future is taken for now. */
const sane = (timeMs: number, nowMs: number): number => (timeMs < 0 || timeMs > nowMs ? nowMs : timeMs);

/** Claims the entry `id` if it may be; true when it was answered with. */
function claim(
  context: Context,
  args: Arguments,
  target: { stream: Stream; group: ConsumerGroup; consumer: Consumer },
  options: ClaimOptions,
  reply: ReplyWriter,
): boolean {
  const { stream, group, consumer } = target;
  const { pending } = group;
  const isPending = pending.map.find(id, place);
  if (!stream.has(id)) {
    if (isPending) dropEntry(context, args, group, id, place);
    return false;
  }
  if (isPending) {
    const idleMs = context.now - pending.deliveredMs(place);
    if (options.minIdleMs > 0 && idleMs < options.minIdleMs) return false;
  } else if (options.force) {
    group.add(id, consumer, place);
    pending.setDeliveries(place, 1);
  } else {
    return false;
  }
  const { deliveredMs, retryCount, justId } = options;
  claimEntry(context, args, target, { id, place }, { deliveredMs, retryCount, justId }, reply);
  return true;
}

export const xclaim = command({
  name: "XCLAIM",
  group: "stream",
  since: "5.0.0",
  complexity: "O(log N) for each id, with N pending entries.",
  summary: "Makes a consumer the owner of pending entries that another one has had for too long.",
  flags: ["write", "fast"],
  arity: -6,
  keys: { first: 1, last: 1, step: 1 },
  run(context, args, reply) {
    const { stream, group } = requireGroup(context.database, args);
    const options = readOptions(args, context.now);
    context.logNothing();
    const movesOn = lastId.compare(group.lastId) > 0;
    if (movesOn) group.lastId.copy(lastId);
    const acting = actingConsumer(context, args, { keyIndex: 1, group, index: 3 });
    const dirtyBefore = context.keyspace.dirty;
    const begin = reply.beginArray();
    let claimed = 0;
    for (let index = 5; index < options.idsEnd; index++) {
      readStreamId(args, index, id);
      if (claim(context, args, { stream, group, consumer: acting.consumer }, options, reply)) claimed++;
    }
    reply.endArray(begin, claimed);
    logNewConsumer(context, args.view(1), args.latin1(2), acting);
    // Each claim in the log says the group's last id, too.
    if (!movesOn || context.keyspace.dirty !== dirtyBefore) return;
    context.keyspace.dirty++;
    logPosition(context, args.view(1), args.latin1(2), group);
  },
});
