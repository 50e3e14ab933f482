import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { scoreOf } from "../../values/geo/geohash.ts";
import { zadd } from "../sorted-set/zadd.ts";
import { readPlace } from "./place-argument.ts";
import { OptionReader } from "../options/option-reader.ts";

/** Position of the first longitude. Throws when the arguments after the options are not triples. */
function firstPlace(args: Arguments): number {
  let [onlyNew, onlyExisting] = [false, false];
  const options = new OptionReader(args, 2);
  while (options.next()) {
    if (options.is("nx")) onlyNew = true;
    else if (options.is("xx")) onlyExisting = true;
    else if (!options.is("ch")) break;
  }
  const first = options.index;
  if ((args.count - first) % 3 !== 0 || (onlyNew && onlyExisting)) options.refuse();
  return first;
}

export const geoadd = command({
  name: "GEOADD",
  group: "geo",
  since: "3.2.0",
  complexity: "O(log(N)) for each place, in a set of N.",
  summary: "Sets the places of members of a sorted set, creating it if needed; gives how many are new.",
  syntax: "key [NX | XX] [CH] {longitude latitude member}...",
  flags: ["write", "denyoom"],
  keys: keyAt(1, "RW update"),
  run(context, args, reply) {
    const first = firstPlace(args);
    const words: (Uint8Array | string)[] = ["ZADD"];
    for (let index = 1; index < first; index++) words.push(args.view(index));
    for (let index = first; index < args.count; index += 3) {
      words.push(BigInt(scoreOf(readPlace(args, index))).toString(), args.view(index + 2));
    }
    // GEOADD is ZADD with computed scores, and is logged as ZADD.
    zadd.run?.(context, Arguments.from(words), reply);
    if (context.logs) context.logAs(...words);
  },
});
