import { command } from "../../dispatch/command.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import { IdPlace } from "../../values/stream/id-map.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { claimEntry, dropEntry } from "./claim.ts";
import { actingConsumer } from "./group-consumer.ts";
import { logNewConsumer } from "./group-log.ts";
import { readIntervalStart } from "./stream-id-argument.ts";
import { replyId } from "./stream-replies.ts";
import { requireGroup } from "../../collections/stream-value.ts";

const defaultCount = 100;
/** Pending entries looked at for each one asked for, so that a call ends soon where all are too young. */
const attemptsPerEntry = 10;
/** Redis's: as many ids as memory could name. */
const maxCount = 9223372036854775807n / 16n;

const start = new StreamId();
const id = new StreamId();
const place = new IdPlace();
const zero = new StreamId();
/** The entries on their way into the reply: what stands before them is known only after them. */
const entries = new ReplyWriter();

interface AutoClaimOptions {
  readonly minIdleMs: number;
  readonly count: number;
  readonly justId: boolean;
}

/** Reads what follows on the consumer's name; the start goes into `start`. */
function readOptions(args: Arguments): AutoClaimOptions {
  const minIdleMs = args.integer(4, "ERR Invalid min-idle-time argument for XAUTOCLAIM");
  readIntervalStart(args, 5, start);
  let count = defaultCount;
  let justId = false;
  for (let index = 6; index < args.count; index++) {
    if (args.is(index, "count") && index + 1 < args.count) {
      const tooFew = "ERR COUNT must be > 0";
      const given = args.int64(++index, tooFew);
      if (given < 1n || given > maxCount) throw new CommandError(tooFew);
      count = Number(given);
    } else if (args.is(index, "justid")) {
      justId = true;
    } else {
      throw new CommandError(errors.syntax);
    }
  }
  return { minIdleMs, count, justId };
}

export const xautoclaim = command({
  name: "XAUTOCLAIM",
  group: "stream",
  since: "6.2.0",
  complexity: "O(1) for a small COUNT.",
  summary: "Makes a consumer the owner of entries that are pending for too long, some at each call.",
  flags: ["write", "fast"],
  arity: -6,
  keys: { first: 1, last: 1, step: 1 },
  run(context, args, reply) {
    const options = readOptions(args);
    const { stream, group } = requireGroup(context.database, args);
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
    let more = map.atLeast(start, place);
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
