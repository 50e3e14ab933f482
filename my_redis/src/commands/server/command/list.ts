import { categoriesOf } from "../../../dispatch/describe/categories.ts";
import { command, type Command } from "../../../dispatch/command.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";
import { globMatches } from "../../../values/glob-pattern.ts";

export const commandList = command({
  name: "COMMAND LIST",
  group: "server",
  since: "7.0.0",
  complexity: "O(N) where N is the total number of Redis commands",
  summary: "Returns the names of the commands, all or some of them.",
  syntax: "[FILTERBY=(MODULE=module-name | ACLCAT=category | PATTERN=pattern)]",
  flags: ["loading", "stale"],
  categories: ["connection"],
  tips: ["nondeterministic_output_order"],
  run({ server }, args, reply) {
    const fits = readFilter(args);
    const found: string[] = [];
    for (const entry of server.commands.all()) {
      for (const each of [entry, ...server.commands.subcommandsOf(entry)]) if (fits(each)) found.push(each.fullName);
    }
    reply.array(found.length);
    for (const name of found) reply.bulkText(name);
  },
});

function readFilter(args: Arguments): (entry: Command) => boolean {
  if (args.count === 2) return () => true;
  if (args.count !== 5 || !args.is(2, "filterby")) throw new CommandError(errors.syntax);
  const value = args.latin1(4);
  if (args.is(3, "module")) return () => false;
  if (args.is(3, "aclcat")) return (entry) => categoriesOf(entry).includes(value.toLowerCase());
  if (!args.is(3, "pattern")) throw new CommandError(errors.syntax);
  const pattern = args.bytes(4);
  return ({ fullName }) => {
    const name = Buffer.from(fullName);
    return globMatches(pattern, name, 0, name.length, true);
  };
}
