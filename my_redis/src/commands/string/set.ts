import { hasWord } from "../../dispatch/has-word.ts";
import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Address } from "../../memory/heap.ts";
import { keepExpiry, noExpiry } from "../../keyspace/database.ts";
import { valueType } from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { parseSafeInteger } from "../../protocol/number-text.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { meets } from "./comparison.ts";
import { comparing, comparisonIn, option, readMoment, readOptions, setOptions } from "./set-options.ts";
import { loadString, replyString, storeString } from "../../collections/string-value.ts";

const times = "[EX=seconds | PX=milliseconds | EXAT=unix-time-seconds | PXAT=unix-time-milliseconds | KEEPTTL]";

/** `conditions`: those that `allowed`, the options, has. */
const setWith = (conditions: string, allowed: number) =>
  command({
    name: "SET",
    group: "string",
    since: "1.0.0",
    complexity: "O(1)",
    brief: true,
    summary: "Sets a key to a string, whatever it held before.",
    syntax: `key value [${conditions}] [GET] ${times}`,
    flags: ["write", "denyoom"],
    keepsElements: true,
    keys: keyAt(1, "RW access update variable_flags"),
    keyAccess: (args) => (hasWord(args, 3, "get") ? "RW access update" : "OW update"),
    run(context, args, reply) {
      if (args.count > 3) {
        setWithOptions(context, args, allowed, reply);
        return;
      }
      const { database } = context;
      storeString(database, args, 1, 2, noExpiry);
      database.changed(args, 1, "set");
      reply.ok();
    },
    loadOperation: "set",
    /** Without options, or with a moment as its expiry. */
    load({ database, keyspace }, args, keyHash) {
      let expiryMs = noExpiry;
      if (args.count > 3) {
        if (args.count !== 5 || !args.is(3, "pxat")) return false;
        expiryMs = parseSafeInteger(args.buffer, args.start(4), args.end(4));
        if (!(expiryMs > 0)) return false;
      }
      loadString(database, args, keyHash, expiryMs);
      keyspace.dirty++;
      return true;
    },
  });

export const set = setWith("NX | XX", setOptions);
/** As in Redis 8.4. */
export const setOfRedis8 = setWith(
  "NX | XX | IFEQ=value | IFNE=value | IFDEQ=digest | IFDNE=digest",
  setOptions | comparing,
);
/** As in Valkey 9.0. */
export const setOfValkey9 = setWith("NX | XX | IFEQ=value", setOptions | option.ifEq);

function setWithOptions(context: Context, args: Arguments, allowed: number, reply: ReplyWriter): void {
  const { database } = context;
  const { flags, timeIndex, operandIndex } = readOptions(args, 3, allowed);
  const atMs = timeIndex === 0 ? noExpiry : readMoment(context, args, flags, timeIndex);
  const withGet = (flags & option.get) !== 0;
  const comparison = comparisonIn(flags);
  const address = addressFor(context, args, { withGet, compares: comparison !== undefined });
  if (withGet) {
    if (address === 0) reply.null();
    else replyString(context.keyspace.heap, address, reply);
  }
  const unwanted = address === 0 ? option.xx : option.nx;
  const isMet = comparison === undefined || meets(context, args, address, comparison, operandIndex);
  if ((flags & unwanted) !== 0 || !isMet) {
    if (!withGet) reply.null();
    return;
  }
  const expiryMs = (flags & option.keepTtl) === 0 ? atMs : keepExpiry;
  storeString(database, args, 1, 2, expiryMs);
  database.changed(args, 1, "set");
  if (timeIndex !== 0) database.announce(args, 1, "expire");
  if (!withGet) reply.ok();
  if (context.logs) logSet(context, args, flags, atMs);
}

/** Only the options decide whether a key of another type is an error. */
function addressFor(
  { database }: Context,
  args: Arguments,
  { withGet, compares }: { readonly withGet: boolean; readonly compares: boolean },
): Address {
  if (withGet) return database.readTyped(args, 1, valueType.string);
  return compares ? database.writeTyped(args, 1, valueType.string) : database.write(args, 1);
}

/**
 * Logs a SET with its expiry as a moment. GET is left out because it changes nothing. With an expiry or a comparison, the
 * condition is left out as well: it was met.
 */
function logSet(context: Context, args: Arguments, flags: number, atMs: number): void {
  if (atMs !== noExpiry) {
    logSetUntil(context, args.view(1), args.view(2), atMs);
  } else if (comparisonIn(flags) !== undefined) {
    const kept = (flags & option.keepTtl) === 0 ? [] : ["KEEPTTL"];
    context.logAs("SET", args.view(1), args.view(2), ...kept);
  } else if ((flags & option.get) !== 0) {
    const words: Uint8Array[] = [];
    for (let index = 1; index < args.count; index++) {
      if (index < 3 || !args.is(index, "get")) words.push(args.view(index));
    }
    context.logAs("SET", ...words);
  }
}

/** Logs a SET with the moment of its expiry. */
export function logSetUntil(context: Context, key: Uint8Array, value: Uint8Array, atMs: number): void {
  context.logAs("SET", key, value, "PXAT", BigInt(atMs));
}
