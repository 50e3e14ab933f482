import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { findStream } from "../../collections/stream-value.ts";
import { TrimOptions } from "./trim-options.ts";
import { OptionReader } from "../options/option-reader.ts";

export const xtrim = command({
  name: "XTRIM",
  group: "stream",
  since: "5.0.0",
  complexity: "O(N) for N removed entries; whole blocks of them go at once.",
  summary: "Removes the oldest entries of a stream, down to a length or up to an id.",
  syntax: "key {(MAXLEN | MINID) [= | ~] threshold [LIMIT=count]}",
  flags: ["write"],
  keys: keyAt(1, "RW delete"),
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    const trim = new TrimOptions();
    const options = new OptionReader(args, 2);
    while (options.next()) if (!trim.read(args, options)) options.refuse();
    trim.finish(context, true);
    const stream = findStream(context.database, args, 1);
    reply.integer(stream === undefined ? 0 : trim.apply(context, args, stream, true));
  },
});
