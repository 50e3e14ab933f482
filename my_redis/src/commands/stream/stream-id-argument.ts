import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { type MissingSequence, parseStreamId, type StreamId } from "../../values/stream/stream-id.ts";

export const invalidStreamId = "ERR Invalid stream ID specified as stream command argument";

const openParenthesis = 40;

/** Reads "ms" or "ms-seq". Throws for any other text. */
export function readStreamId(args: Arguments, index: number, id: StreamId, missing: MissingSequence = "lowest"): void {
  readRange(args, args.start(index), args.end(index), id, missing);
}

function readRange(args: Arguments, start: number, end: number, id: StreamId, missing: MissingSequence): void {
  if (!parseStreamId(args.buffer, start, end, id, missing)) throw new CommandError(invalidStreamId);
}

/** Reads the start of an interval: an id, "-", "+", or an exclusive id behind "(". */
export function readIntervalStart(args: Arguments, index: number, id: StreamId): void {
  if (readExclusive(args, index, id, "lowest") && !id.increment()) {
    throw new CommandError("ERR invalid start ID for the interval");
  }
}

/** Reads the end of an interval, of the same forms as its start. */
export function readIntervalEnd(args: Arguments, index: number, id: StreamId): void {
  if (readExclusive(args, index, id, "highest") && !id.decrement()) {
    throw new CommandError("ERR invalid end ID for the interval");
  }
}

/** Whether the id is exclusive. */
function readExclusive(args: Arguments, index: number, id: StreamId, missing: MissingSequence): boolean {
  if (args.is(index, "-")) {
    id.setLowest();
    return false;
  }
  if (args.is(index, "+")) {
    id.setHighest();
    return false;
  }
  const start = args.start(index);
  const isExclusive = args.length(index) > 1 && args.buffer[start] === openParenthesis;
  readRange(args, isExclusive ? start + 1 : start, args.end(index), id, missing);
  return isExclusive;
}
