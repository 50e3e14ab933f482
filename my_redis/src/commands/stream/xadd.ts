import { command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { BlockLimits } from "../../values/stream/stream-blocks.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { parseTimeWithStar, StreamId } from "../../values/stream/stream-id.ts";
import { readStreamId } from "./stream-id-argument.ts";
import { replyId } from "./stream-replies.ts";
import { createStream, findStream } from "../../collections/stream-value.ts";
import { TrimOptions } from "./trim-options.ts";

const tooSmall = "ERR The ID specified in XADD is equal or smaller than the target stream top item";
const maxEntryBytes = 1 << 30;
const star = 42;

// One request at a time: these serve all of them, so that XADD needs no memory but the entry's.
const id = new StreamId();
const trimOptions = new TrimOptions();
const limits = { maxBytes: 0, maxEntries: 0 } satisfies BlockLimits;

/** How much of the id the request gave. */
type GivenId = "none" | "time" | "all";

/** What stands before the fields. */
interface AddOptions {
  idIndex: number;
  givenId: GivenId;
  mayCreate: boolean;
  trims: boolean;
}
const options: AddOptions = { idIndex: 0, givenId: "none", mayCreate: true, trims: false };

/** Reads what stands before the fields into `options` and `id`. */
function readOptions(context: Context, args: Arguments): void {
  options.mayCreate = true;
  options.trims = false;
  let index = 2;
  while (index < args.count && mayBeOption(args, index)) {
    if (args.is(index, "nomkstream")) {
      options.mayCreate = false;
      index++;
      continue;
    }
    if (!options.trims) trimOptions.clear();
    const after = trimOptions.read(args, index);
    if (after === index) break;
    options.trims = true;
    index = after;
  }
  options.idIndex = index;
  if (index < args.count) options.givenId = readId(args, index);
  if (options.trims) trimOptions.finish(context, false);
}

const isStar = (args: Arguments, index: number): boolean =>
  args.length(index) === 1 && args.buffer[args.start(index)] === star;

/** Ids begin with a digit, options with a letter. */
const mayBeOption = (args: Arguments, index: number): boolean => (args.buffer[args.start(index)] as number) >= 65;

function readId(args: Arguments, index: number): GivenId {
  if (isStar(args, index)) return "none";
  if (parseTimeWithStar(args.buffer, args.start(index), args.end(index), id)) return "time";
  readStreamId(args, index, id);
  return "all";
}

/** Completes `id` for the stream. Throws when it is not after the last one. */
function completeId(stream: Stream, nowMs: number): void {
  const last = stream.lastId;
  if (options.givenId === "none") {
    id.setTime(nowMs);
    if (id.compare(last) <= 0) id.copy(last).increment();
    return;
  }
  if (options.givenId === "time") {
    id.sequenceHigh = id.sequenceLow = 0;
    if (id.timeHigh === last.timeHigh && id.timeLow === last.timeLow) {
      id.copy(last);
      if (!id.increment() || id.timeLow !== last.timeLow) throw new CommandError(tooSmall);
    }
  }
  if (id.compare(last) <= 0) throw new CommandError(tooSmall);
}

/** The bytes of all fields and values must stay below what one block can hold. */
function checkSize(args: Arguments, first: number): void {
  let total = 0;
  for (let index = first; index < args.count; index++) total += args.length(index);
  if (total > maxEntryBytes) throw new CommandError("ERR Elements are too large to be stored");
}

export const xadd = command({
  name: "XADD",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1) to add an entry, O(N) to trim N entries.",
  summary: "Appends an entry to a stream, creating it if needed, and gives the entry's id.",
  flags: ["write", "denyoom", "fast"],
  arity: -5,
  keys: { first: 1, last: 1, step: 1 },
  run(context, args, reply) {
    readOptions(context, args);
    const first = options.idIndex + 1;
    if (args.count - first < 2 || (args.count - first) % 2 === 1) throw new CommandError(errors.wrongArity("xadd"));
    if (options.givenId === "all" && id.isZero) {
      throw new CommandError("ERR The ID specified in XADD must be greater than 0-0");
    }
    checkSize(args, first);
    const { database, server } = context;
    let stream = findStream(database, args, 1);
    if (stream === undefined) {
      if (!options.mayCreate) {
        reply.null();
        return;
      }
      stream = createStream(database, args, 1);
    }
    if (isHighest(stream.lastId)) {
      throw new CommandError("ERR The stream has exhausted the last possible ID, unable to add more items");
    }
    completeId(stream, context.now);
    limits.maxBytes = server.settings.values["stream-node-max-bytes"];
    limits.maxEntries = server.settings.values["stream-node-max-entries"];
    stream.append(id, args, first, args.count, limits);
    database.changed(args, 1, "xadd");
    const idStart = replyId(reply, id);
    const idEnd = reply.length - 2;
    if (options.trims && trimOptions.wanted) trimOptions.apply(context, args, stream);
    if (options.givenId !== "all" && context.logs) {
      context.logReplacing(options.idIndex, reply.bytes, idStart, idEnd);
    }
  },
});

const isHighest = ({ timeHigh, timeLow, sequenceHigh, sequenceLow }: StreamId): boolean =>
  (timeHigh & timeLow & sequenceHigh & sequenceLow) === -1;
