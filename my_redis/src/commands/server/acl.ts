import { categoriesOf, categoryNames } from "../../dispatch/describe/categories.ts";
import { command } from "../../dispatch/command.ts";
import { container } from "../../dispatch/container.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

const whoami = command({
  name: "ACL WHOAMI",
  group: "server",
  since: "6.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Returns the user of the connection.",
  flags: ["noscript", "loading", "stale"],
  run({ client }, _args, reply) {
    reply.bulkText(client.user);
  },
});

const cat = command({
  name: "ACL CAT",
  group: "server",
  since: "6.0.0",
  complexity: "O(1) since the categories and commands are a fixed set.",
  brief: true,
  summary: "Lists the categories of commands, or the commands of a category.",
  syntax: "[category]",
  flags: ["noscript", "loading", "stale"],
  run({ server }, args, reply) {
    if (args.count > 3) throw new CommandError(errors.subcommandSyntax(args.latin1(1), "acl"));
    const wanted = args.count === 3 ? args.latin1(2) : undefined;
    const names: string[] = wanted === undefined ? [...categoryNames] : [];
    if (wanted !== undefined) {
      if (!(categoryNames as readonly string[]).includes(wanted.toLowerCase())) {
        throw new CommandError(`ERR Unknown category '${wanted}'`);
      }
      for (const entry of server.commands.all()) {
        for (const each of [entry, ...server.commands.subcommandsOf(entry)]) {
          const isLeaf = each.run !== undefined;
          if (isLeaf && categoriesOf(each).includes(wanted.toLowerCase())) names.push(each.fullName);
        }
      }
    }
    reply.array(names.length);
    for (const name of names) reply.bulkText(name);
  },
});

export const acl = container({
  name: "ACL",
  group: "server",
  since: "6.0.0",
  complexity: "Depends on the subcommand.",
  summary: "Groups the commands of access control lists. There is one user so far, whose password is requirepass.",
  flags: [],
  helpSince: "6.0.0",
  subcommands: [cat, whoami],
});
