import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
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
import { OptionReader } from "../options/option-reader.ts";

const id = new StreamId();
const place = new IdPlace();

interface ClaimOptions {
  readonly minIdleMs: number;
  /** Index after the last id. */
  readonly idsEnd: number;
  deliveredMs: number;
  retryCount: Count64 | undefined;
  force: boolean;
  justId: boolean;
  /** LASTID; zero when not given. */
  readonly lastId: StreamId;
}

/** Reads the arguments after the consumer's name. */
function readOptions(args: Arguments, nowMs: number): ClaimOptions {
  const minIdleMs = args.integer(4, "ERR Invalid min-idle-time argument for XCLAIM");
  let index = 5;
  while (index < args.count && parseStreamId(args.buffer, args.start(index), args.end(index), id, "lowest")) index++;
  const found: ClaimOptions = {
    minIdleMs,
    idsEnd: index,
    deliveredMs: nowMs,
    retryCount: undefined,
    force: false,
    justId: false,
    lastId: new StreamId().setLowest(),
  };
  const options = new OptionReader(args, index);
  while (options.next()) {
    if (options.is("force")) {
      found.force = true;
    } else if (options.is("justid")) {
      found.justId = true;
    } else if (options.is("idle", 1)) {
      found.deliveredMs = sane(nowMs - options.integer("ERR Invalid IDLE option argument for XCLAIM"), nowMs);
    } else if (options.is("time", 1)) {
      found.deliveredMs = sane(options.integer("ERR Invalid TIME option argument for XCLAIM"), nowMs);
    } else if (options.is("retrycount", 1)) {
      const retryCount = count64(args.int64(options.value(), "ERR Invalid RETRYCOUNT option argument for XCLAIM"));
      found.retryCount = retryCount < 0 ? undefined : retryCount;
    } else if (options.is("lastid", 1)) {
      readStreamId(args, options.value(), found.lastId);
    } else {
      throw new CommandError(`ERR Unrecognized XCLAIM option '${args.latin1(options.index)}'`);
    }
  }
  return found;
}

/** As in Redis, a moment before 1970 or in the future counts as now. */
const sane = (timeMs: number, nowMs: number): number => (timeMs < 0 || timeMs > nowMs ? nowMs : timeMs);

/** Claims the entry `id` if allowed. Returns true when it was written to the reply. */
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
  summary: "Assigns given entries that have been pending for too long to a consumer.",
  syntax:
    "key group consumer min-idle-time id... [IDLE=ms:integer] [TIME=unix-time-milliseconds] [RETRYCOUNT=count] " +
    "[FORCE] [JUSTID] [LASTID=lastid]",
  flags: ["write", "fast"],
  keys: keyAt(1, "RW update"),
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    const { stream, group } = requireGroup(context.database, args);
    const options = readOptions(args, context.now);
    context.logNothing();
    const { lastId } = options;
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
    // Every claim in the log also states the group's last id, so it is logged separately only without claims.
    if (!movesOn || context.keyspace.dirty !== dirtyBefore) return;
    context.keyspace.dirty++;
    logPosition(context, args.view(1), args.latin1(2), group);
  },
});
