import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { latin1Text } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { addLongDoubles, formatLongDouble, longDoubleOf, parseLongDouble } from "../../values/long-double.ts";
import { findHash, openHash } from "../../collections/hash-key.ts";

export const hincrbyfloat = command({
  name: "HINCRBYFLOAT",
  group: "hash",
  since: "2.6.0",
  complexity: "O(1)",
  summary: "Adds a number, possibly with a fraction, to the one in a field of a hash; a missing field counts as 0.",
  syntax: "key field increment:double",
  flags: ["write", "denyoom", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    const increment = parseLongDouble(args.latin1(3));
    if (increment === undefined) throw new CommandError(errors.notFloat);
    if (increment.infinite) throw new CommandError("ERR value is NaN or Infinity");
    const buffer = args.buffer;
    const current = findHash(context.database, args)?.get(buffer, args.start(2), args.end(2));
    const value =
      current === undefined ? longDoubleOf(0n) : parseLongDouble(latin1Text(current.bytes, current.start, current.end));
    if (value === undefined) throw new CommandError("ERR hash value is not a float");
    const sum = addLongDoubles(value, increment);
    if (sum.infinite) throw new CommandError("ERR increment would produce NaN or Infinity");
    const text = Buffer.from(formatLongDouble(sum), "latin1");
    const hash = openHash(context.database, args);
    hash.setKeepingTime(buffer, args.start(2), args.end(2), text, 0, text.length);
    context.database.changed(args, 1, "hincrbyfloat");
    reply.bulk(text);
    if (!context.logs) return;
    // Logs the sum, because another machine may round differently. HSET would remove the field's expiry.
    const keepsTime = hash.isTimed && hash.timeOf(buffer, args.start(2), args.end(2)) !== 0;
    if (keepsTime) context.logAs("HSETEX", args.view(1), "KEEPTTL", "FIELDS", 1, args.view(2), text);
    else context.logAs("HSET", args.view(1), args.view(2), text);
  },
});
