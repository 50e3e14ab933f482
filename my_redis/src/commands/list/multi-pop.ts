import type { Context } from "../../dispatch/context.ts";
import { command } from "../../dispatch/command.ts";
import { countedKeys } from "../../dispatch/key-specification.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { type ListEnd, findList, type ListValue } from "../../collections/list-value.ts";
import { multiPop, type MultiPopForm } from "../multi-pop.ts";
import { readEnd } from "./move.ts";
import { popElements } from "./pop.ts";

/** The list at a key, or undefined. For a blocked client, a key of another type counts as missing. */
export function findListToPop(context: Context, args: Arguments, index: number): ListValue | undefined {
  try {
    return findList(context.database, args, index);
  } catch (error) {
    if (context.retrying) return undefined;
    throw error;
  }
}

/** How LMPOP and BLMPOP pop. */
export const listPop: MultiPopForm<ListEnd> = {
  readSide: readEnd,
  popFirst(context, args, { keys, side: end, count: most }, reply) {
    for (const keyIndex of keys) {
      const list = findListToPop(context, args, keyIndex);
      if (list === undefined) continue;
      const count = Math.min(most, list.size);
      if (context.logs) context.logAs(end === "head" ? "LPOP" : "RPOP", args.view(keyIndex), count);
      reply.array(2);
      reply.bulk(args.buffer, args.start(keyIndex), args.end(keyIndex));
      reply.array(count);
      popElements(context, args, list, { keyIndex, end, count }, reply);
      return true;
    }
    return false;
  },
};

export const lmpop = command({
  name: "LMPOP",
  group: "list",
  since: "7.0.0",
  complexity: "O(N+M) for N keys and M elements that are given.",
  summary: "Pops elements from the first list that exists.",
  syntax: "numkeys key... (LEFT | RIGHT) [COUNT=count]",
  flags: ["write"],
  keys: countedKeys(1, "RW access delete"),
  run: multiPop(listPop),
});
