import { command } from "../../command/command.ts";
import { latin1Text } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { addLongDoubles, formatLongDouble, longDoubleOf, parseLongDouble } from "../../values/long-double.ts";
import { findHash, openHash } from "./hash-value.ts";

export const hincrbyfloat = command({
  name: "HINCRBYFLOAT",
  group: "hash",
  since: "2.6.0",
  complexity: "O(1)",
  summary: "Adds to the number in a field of a hash, also a fraction; a field that is not there counts as 0.",
  flags: ["write", "denyoom", "fast"],
  arity: 4,
  keys: { first: 1, last: 1, step: 1 },
  run(context, args, reply) {
    const increment = parseLongDouble(args.latin1(3));
    if (increment === undefined) throw new CommandError(errors.notFloat);
    if (increment.infinite) throw new CommandError("ERR value is NaN or Infinity");
    const buffer = args.buffer;
    const current = findHash(context, args)?.get(buffer, args.start(2), args.end(2));
    const value =
      current === undefined ? longDoubleOf(0n) : parseLongDouble(latin1Text(current.bytes, current.start, current.end));
    if (value === undefined) throw new CommandError("ERR hash value is not a float");
    const sum = addLongDoubles(value, increment);
    if (sum.infinite) throw new CommandError("ERR increment would produce NaN or Infinity");
    const text = Buffer.from(formatLongDouble(sum), "latin1");
    openHash(context, args).set(buffer, args.start(2), args.end(2), text, 0, text.length);
    context.database.changed(args, 1, "hincrbyfloat");
    reply.bulk(text);
    // The sum, not the summand: another machine may count differently.
    if (context.logs) context.logAs("HSET", args.view(1), args.view(2), text);
  },
});
