import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { endField, logEnded, noFields } from "./end-field.ts";
import { fieldViews, readFieldTime, timeFormOf } from "./field-arguments.ts";
import { findHash, openHash } from "../../collections/hash-key.ts";
import type { HashValue } from "../../collections/hash-value.ts";
import { OptionReader } from "../options/option-reader.ts";

const greatestCount = 2 ** 31 - 1;

interface SetOptions {
  /** FNX: only if no field exists. FXX: only if all fields exist. */
  condition: "fnx" | "fxx" | undefined;
  /** The new expiry of the fields; "keep" keeps the present one, and undefined removes it. */
  time: number | "keep" | undefined;
  /** Position of the first field. Its value follows, then the next field. */
  first: number;
}

function readOptions(context: Context, args: Arguments): SetOptions {
  const found: SetOptions = { condition: undefined, time: undefined, first: 0 };
  const options = new OptionReader(args, 2);
  while (options.next()) {
    if (options.is("fields")) {
      found.first = readPairs(args, options.index);
      return found;
    }
    const condition = options.is("fnx") ? "fnx" : options.is("fxx") ? "fxx" : undefined;
    if (condition === undefined) {
      found.time = readTime(context, args, options, found.time);
    } else {
      if (found.condition !== undefined) {
        throw new CommandError("ERR Only one of FXX or FNX arguments can be specified");
      }
      found.condition = condition;
    }
  }
  // Redis takes it for granted that FIELDS is present. Here a missing FIELDS is an error.
  throw new CommandError(errors.wrongArity("hsetex"));
}

/** Reads the expiry of the current option. Throws for any other option, and when an expiry was already given. */
function readTime(
  context: Context,
  args: Arguments,
  options: OptionReader,
  before: SetOptions["time"],
): SetOptions["time"] {
  const form = timeFormOf(options);
  if (form === undefined && !options.is("keepttl")) {
    throw new CommandError(`ERR unknown argument: ${args.latin1(options.index).split("\0", 1)[0]}`);
  }
  if (before !== undefined) {
    throw new CommandError("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
  }
  if (form === undefined) return "keep";
  const index = options.value();
  if (index === args.count) throw new CommandError("ERR missing expire time");
  return readFieldTime(context, args, index, form);
}

/** Reads "FIELDS numfields" at argument `index`. Returns the position of the first field. */
function readPairs(args: Arguments, index: number): number {
  const first = index + 2;
  if (first + 1 >= args.count) throw new CommandError(errors.wrongArity("hsetex"));
  const invalid = "ERR invalid number of fields";
  const count = args.integer(index + 1, invalid);
  if (count < 1 || count > greatestCount) throw new CommandError(invalid);
  if (args.count - first !== count * 2) throw new CommandError(errors.wrongArity("hsetex"));
  return first;
}

function allows({ condition, first }: SetOptions, hash: HashValue | undefined, args: Arguments): boolean {
  if (condition === undefined) return true;
  for (let index = first; index < args.count; index += 2) {
    const isThere = hash?.get(args.buffer, args.start(index), args.end(index)) !== undefined;
    if (isThere !== (condition === "fxx")) return false;
  }
  return true;
}

export const hsetex = command({
  name: "HSETEX",
  group: "hash",
  since: "8.0.0",
  complexity: "O(N) for N fields.",
  summary: "Sets fields of a hash with an expiry, optionally only if all of them exist or if none does.",
  syntax:
    "key [FNX | FXX] [EX=seconds | PX=milliseconds | EXAT=unix-time-seconds | PXAT=unix-time-milliseconds | " +
    "KEEPTTL] FIELDS={numfields:integer {field value}...}",
  flags: ["write", "denyoom", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    const options = readOptions(context, args);
    if (!allows(options, findHash(context.database, args), args)) {
      reply.integer(0);
      return;
    }
    if (typeof options.time === "number") setWithTime(context, args, options.first, options.time);
    else setFields(context, args, options);
    reply.integer(1);
  },
});

function setWithTime(context: Context, args: Arguments, first: number, atMs: number): void {
  const hash = openHash(context.database, args);
  const { buffer } = args;
  const ended = noFields();
  for (let index = first; index < args.count; index += 2) {
    const value = index + 1;
    hash.setKeepingTime(buffer, args.start(index), args.end(index), buffer, args.start(value), args.end(value));
    endField(context, args, index, { hash, atMs, ended });
  }
  context.database.changed(args, 1, "hset");
  context.database.changed(args, 1, ended.removed.length > 0 ? "hdel" : "hexpire");
  hash.deleteIfEmpty(args, 1);
  if (!context.logs) return;
  // Logs commands that Redis 7.4 also knows. Fields that were deleted at once need not be set.
  if (ended.removed.length === 0) context.logAs("HSET", args.view(1), ...fieldViews(args, first));
  logEnded(context, args, ended, atMs);
}

function setFields(context: Context, args: Arguments, { time, first }: SetOptions): void {
  const hash = openHash(context.database, args);
  const { buffer } = args;
  let keptTimes = false;
  for (let index = first; index < args.count; index += 2) {
    const [start, end, value] = [args.start(index), args.end(index), index + 1];
    if (time === "keep") {
      keptTimes ||= (hash.timeOf(buffer, start, end) ?? 0) !== 0;
      hash.setKeepingTime(buffer, start, end, buffer, args.start(value), args.end(value));
    } else {
      hash.set(buffer, start, end, buffer, args.start(value), args.end(value));
    }
  }
  context.database.changed(args, 1, "hset");
  if (!context.logs) return;
  const pairs = fieldViews(args, first);
  if (keptTimes) context.logAs("HSETEX", args.view(1), "KEEPTTL", "FIELDS", pairs.length / 2, ...pairs);
  else context.logAs("HSET", args.view(1), ...pairs);
}
