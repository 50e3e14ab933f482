import { command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import { keepExpiry, noExpiry } from "../../keyspace/database.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { storeString } from "../../collections/string-value.ts";
import { logSetUntil } from "./set.ts";
import { msetExOptions, option, readMoment, readOptions } from "./set-options.ts";

const greatestCount = 2 ** 31 - 1;
const firstPair = 2;

/** Redis 8.4. */
export const msetEx = command({
  name: "MSETEX",
  group: "string",
  since: "8.4.0",
  complexity: "O(N) for N keys.",
  summary:
    "Sets several keys to strings at once with one expiry, optionally only if all of them exist or if none does.",
  syntax:
    "numkeys {key value}... [NX | XX] [EX=seconds | PX=milliseconds | EXAT=unix-time-seconds | " +
    "PXAT=unix-time-milliseconds | KEEPTTL]",
  flags: ["write", "denyoom"],
  keys: {
    access: "OW update",
    begin: { type: "index", index: 1 },
    find: { type: "keynum", index: 0, first: 1, step: 2 },
  },
  run(context, args, reply) {
    const end = firstPair + 2 * readCount(args);
    const { flags, timeIndex } = readOptions(args, end, msetExOptions);
    const atMs = timeIndex === 0 ? noExpiry : readMoment(context, args, flags, timeIndex);
    const wanted = (flags & option.xx) !== 0 ? "exists" : (flags & option.nx) !== 0 ? "is missing" : undefined;
    if (wanted !== undefined && !isTrueOfAll(context, args, end, wanted)) {
      reply.integer(0);
      return;
    }
    setAll(context, args, { end, expiryMs: (flags & option.keepTtl) === 0 ? atMs : keepExpiry });
    reply.integer(1);
  },
});

function readCount(args: Arguments): number {
  const invalid = "ERR invalid numkeys value";
  const count = args.integer(1, invalid);
  if (count < 1 || count > greatestCount) throw new CommandError(invalid);
  if (count > (args.count - firstPair) / 2) throw new CommandError("ERR wrong number of key-value pairs");
  return count;
}

function isTrueOfAll({ database }: Context, args: Arguments, end: number, wanted: "exists" | "is missing"): boolean {
  for (let index = firstPair; index < end; index += 2) {
    if ((database.write(args, index) === 0) === (wanted === "exists")) return false;
  }
  return true;
}

/** Sets the pairs before argument `end`. The log gets MSET, or one SET for each key that has an expiry of its own. */
function setAll(
  context: Context,
  args: Arguments,
  { end, expiryMs }: { readonly end: number; readonly expiryMs: number },
): void {
  const { database } = context;
  for (let index = firstPair; index < end; index += 2) {
    storeString(database, args, index, index + 1, expiryMs);
    database.changed(args, index, "set");
    if (expiryMs !== noExpiry && expiryMs !== keepExpiry) database.announce(args, index, "expire");
  }
  if (!context.logs) return;
  const words = Array.from({ length: end - firstPair }, (_, at) => args.view(firstPair + at));
  if (expiryMs === noExpiry) {
    context.logAs("MSET", ...words);
    return;
  }
  for (let at = 0; at < words.length; at += 2) {
    const [key, value] = [words[at] as Uint8Array, words[at + 1] as Uint8Array];
    if (expiryMs === keepExpiry) context.logAs("SET", key, value, "KEEPTTL");
    else logSetUntil(context, key, value, expiryMs);
  }
}
