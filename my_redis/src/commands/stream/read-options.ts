import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { maxInt64 } from "../../protocol/number-text.ts";
import { OptionReader } from "../options/option-reader.ts";

/** The options of XREAD and XREADGROUP. */
export interface ReadOptions {
  /** Entries per stream; Infinity for all. */
  count: number;
  /** How long to wait for entries: 0 for ever, undefined not at all. */
  blockMs: number | undefined;
  noAcknowledge: boolean;
  /** The group's name, one character per byte. */
  group: string | undefined;
  /** Position of the consumer's name. */
  consumerIndex: number;
  /** Position of the first key. The keys are followed by as many ids. */
  firstKey: number;
  keyCount: number;
}

export function readReadOptions(context: Context, args: Arguments, name: "XREAD" | "XREADGROUP"): ReadOptions {
  const found: ReadOptions = {
    count: Number.POSITIVE_INFINITY,
    blockMs: undefined,
    noAcknowledge: false,
    group: undefined,
    consumerIndex: 0,
    firstKey: 0,
    keyCount: 0,
  };
  const options = new OptionReader(args, 1);
  while (found.firstKey === 0 && options.next()) {
    if (options.is("block", 1)) {
      found.blockMs = readTimeout(context, args, options.value());
    } else if (options.is("count", 1)) {
      // As in Redis, a count of zero or less means all.
      const count = options.integer();
      found.count = count > 0 ? count : Number.POSITIVE_INFINITY;
    } else if (options.is("streams", 1)) {
      readStreams(args, options.value(), name, found);
    } else if (options.is("group", 2)) {
      if (name === "XREAD") throw onlyForGroups("GROUP");
      found.group = args.latin1(options.value());
      found.consumerIndex = options.value();
    } else if (options.is("noack")) {
      if (name === "XREAD") throw onlyForGroups("NOACK");
      found.noAcknowledge = true;
    } else {
      options.refuse();
    }
  }
  if (found.firstKey === 0) options.refuse();
  if (name === "XREADGROUP" && found.group === undefined) {
    throw new CommandError("ERR Missing GROUP option for XREADGROUP");
  }
  return found;
}

function readStreams(args: Arguments, firstKey: number, name: "XREAD" | "XREADGROUP", options: ReadOptions): void {
  if ((args.count - firstKey) % 2 === 1) {
    const special = name === "XREAD" ? "$" : ">";
    throw new CommandError(
      `ERR Unbalanced '${name.toLowerCase()}' list of streams: for each stream key an ID or '${special}' must be specified.`,
    );
  }
  options.firstKey = firstKey;
  options.keyCount = (args.count - firstKey) / 2;
}

function readTimeout(context: Context, args: Arguments, index: number): number {
  const timeout = args.int64(index, "ERR timeout is not an integer or out of range");
  if (timeout < 0n) throw new CommandError("ERR timeout is negative");
  if (timeout > maxInt64 - BigInt(context.now)) throw new CommandError("ERR timeout is out of range");
  return Number(timeout);
}

const onlyForGroups = (option: string): CommandError =>
  new CommandError(`ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`);

/** Positions of the keys of a command whose options were read. */
export const keysOf = ({ firstKey, keyCount }: ReadOptions): number[] =>
  Array.from({ length: keyCount }, (_, number) => firstKey + number);
