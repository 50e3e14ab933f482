import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { maxInt64, minInt64, parseInt64, parseSafeInteger, writeInteger } from "../../protocol/number-text.ts";
import { findHash, openHash } from "../../collections/hash-key.ts";
import type { ByteRange } from "../../memory/byte-range.ts";

const notInteger = "ERR hash value is not an integer";
const digits = new Uint8Array(20);

/** Adds to the number that `current` spells, and writes the sum as text to `digits`. Returns its length. */
function add(current: ByteRange | undefined, increment: bigint): { length: number; sum: bigint } {
  const value = current === undefined ? 0n : parseInt64(current.bytes, current.start, current.end);
  if (value === undefined) throw new CommandError(notInteger);
  const sum = value + increment;
  if (sum > maxInt64 || sum < minInt64) throw new CommandError(errors.overflow);
  return { length: Buffer.from(digits.buffer).write(sum.toString(), "latin1"), sum };
}

export const hincrby = command({
  name: "HINCRBY",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  summary: "Adds to the integer in a field of a hash; a missing field counts as 0.",
  syntax: "key field increment:integer",
  flags: ["write", "denyoom", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    const buffer = args.buffer;
    const [start, end] = [args.start(2), args.end(2)];
    const increment = parseSafeInteger(buffer, args.start(3), args.end(3));
    const exact = Number.isNaN(increment) ? args.int64(3) : undefined;
    const current = findHash(context.database, args)?.get(buffer, start, end);
    const value = current === undefined ? 0 : parseSafeInteger(current.bytes, current.start, current.end);
    const sum = value + increment;
    if (Number.isSafeInteger(sum)) {
      const length = writeInteger(digits, 0, sum);
      openHash(context.database, args).setKeepingTime(buffer, start, end, digits, 0, length);
      reply.integer(sum);
    } else {
      // A value beyond 2^53 needs exact arithmetic. A value that is not a number throws there.
      const result = add(current, exact ?? BigInt(increment));
      openHash(context.database, args).setKeepingTime(buffer, start, end, digits, 0, result.length);
      reply.int64(result.sum);
    }
    context.database.changed(args, 1, "hincrby");
  },
});
