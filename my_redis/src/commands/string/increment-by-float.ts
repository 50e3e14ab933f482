import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { keepExpiry } from "../../keyspace/database.ts";
import * as record from "../../memory/record.ts";
import { latin1Text } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { addLongDoubles, formatLongDouble, longDoubleOf, parseLongDouble } from "../../values/long-double.ts";
import { maxEmbeddedBytes, stringBytes } from "../../collections/string-value.ts";

export const incrByFloat = command({
  name: "INCRBYFLOAT",
  group: "string",
  since: "2.6.0",
  complexity: "O(1)",
  summary: "Adds a number, possibly with a fraction, to the one at a key; a missing key counts as 0.",
  syntax: "key increment:double",
  flags: ["write", "denyoom", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    const { database, keyspace } = context;
    const address = database.writeTyped(args, 1, record.valueType.string);
    const { bytes, start, end } = stringBytes(keyspace.heap, address);
    const value = address === 0 ? longDoubleOf(0n) : parseLongDouble(latin1Text(bytes, start, end));
    const by = parseLongDouble(args.latin1(2));
    if (value === undefined || by === undefined) throw new CommandError(errors.notFloat);
    const sum = addLongDoubles(value, by);
    if (sum.infinite) throw new CommandError("ERR increment would produce NaN or Infinity");
    const text = Buffer.from(formatLongDouble(sum), "latin1");
    // As in Redis, even a whole number is stored as text.
    const encoding = text.length <= maxEmbeddedBytes ? record.encoding.embedded : record.encoding.raw;
    database.setString(args.buffer, args.start(1), args.end(1), text, 0, text.length, encoding, keepExpiry);
    database.changed(args, 1, "incrbyfloat");
    reply.bulk(text);
    // Logs the sum, because another machine may round differently.
    if (context.logs) context.logAs("SET", args.view(1), text, "KEEPTTL");
  },
});
