import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import { IdPlace } from "../../values/stream/id-map.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { claimEntry, dropEntry } from "./claim.ts";
import { actingConsumer } from "./group-consumer.ts";
import { logNewConsumer } from "./group-log.ts";
import { readIntervalStart } from "./stream-id-argument.ts";
import { replyId } from "./stream-replies.ts";
import { requireGroup } from "../../collections/stream-value.ts";
import { OptionReader } from "../options/option-reader.ts";

const defaultCount = 100;
/** Pending entries visited per requested one, so that a call ends soon when none of them is old enough. */
const attemptsPerEntry = 10;
/** Redis's limit: the number of ids that would fill the address space. */
const maxCount = 9223372036854775807n / 16n;

const id = new StreamId();
const place = new IdPlace();
const zero = new StreamId();
/** Buffers the entries, because the cursor that precedes them in the reply is known only afterwards. */
const entries = new ReplyWriter();

interface AutoClaimOptions {
  readonly start: StreamId;
  readonly minIdleMs: number;
  readonly count: number;
  readonly justId: boolean;
}

/** Reads the arguments after the consumer's name. */
function readOptions(args: Arguments): AutoClaimOptions {
  const minIdleMs = args.integer(4, "ERR Invalid min-idle-time argument for XAUTOCLAIM");
  const start = new StreamId();
  readIntervalStart(args, 5, start);
  let count = defaultCount;
  let justId = false;
  const options = new OptionReader(args, 6);
  while (options.next()) {
    if (options.is("count", 1)) {
      const tooFew = "ERR COUNT must be > 0";
      const given = args.int64(options.value(), tooFew);
      if (given < 1n || given > maxCount) throw new CommandError(tooFew);
      count = Number(given);
    } else if (options.is("justid")) {
      justId = true;
    } else {
      options.refuse();
    }
  }
  return { start, minIdleMs, count, justId };
}

export const xautoclaim = command({
  name: "XAUTOCLAIM",
  group: "stream",
  since: "6.2.0",
  complexity: "O(1) for a small COUNT.",
  summary: "Assigns entries that have been pending for too long to a consumer, some at each call.",
  syntax: "key group consumer min-idle-time start [COUNT=count] [JUSTID]",
  flags: ["write", "fast"],
  keys: keyAt(1, "RW delete"),
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    // As in redis-server, the key counts as looked up even when an option is invalid.
    const address = context.database.read(args, 1);
    const options = readOptions(args);
    const { stream, group } = requireGroup(context.database, args, address);
    const { map } = group.pending;
    context.logNothing();
    const acting = actingConsumer(context, args, { keyIndex: 1, group, index: 3 });
    const target = { stream, group, consumer: acting.consumer };
    const how = { deliveredMs: context.now, retryCount: undefined, justId: options.justId };
    const gone: StreamId[] = [];
    entries.clear();
    entries.protocol = reply.protocol;
    const begin = entries.beginArray();
    let claimed = 0;
    let left = options.count;
    let attempts = left * attemptsPerEntry;
    let more = map.atLeast(options.start, place);
    while (more && left > 0 && attempts-- > 0) {
      map.readId(place, id);
      if (!stream.has(id)) {
        gone.push(new StreamId().copy(id));
        more = dropEntry(context, args, group, id, place);
        left--;
        continue;
      }
      if (options.minIdleMs <= 0 || context.now - group.pending.deliveredMs(place) >= options.minIdleMs) {
        claimEntry(context, args, target, { id, place }, how, entries);
        claimed++;
        left--;
      }
      more = map.next(place);
    }
    entries.endArray(begin, claimed);
    logNewConsumer(context, args.view(1), args.latin1(2), acting);
    reply.array(3);
    replyId(reply, more ? map.readId(place, id) : zero);
    reply.raw(entries.bytes, 0, entries.length);
    reply.array(gone.length);
    for (const each of gone) replyId(reply, each);
  },
});
