import { command } from "../../dispatch/command.ts";
import { container } from "../../dispatch/container.ts";

const list = command({
  name: "LIST",
  group: "server",
  since: "4.0.0",
  complexity: "O(N) where N is the number of loaded modules.",
  summary: "Lists the modules: none, modules for Redis cannot be loaded here.",
  flags: ["admin", "noscript"],
  arity: 2,
  run(_context, _args, reply) {
    reply.array(0);
  },
});

export const moduleCommand = container({
  name: "MODULE",
  group: "server",
  since: "4.0.0",
  complexity: "Depends on the subcommand.",
  summary: "Looks at modules.",
  flags: [],
  arity: -2,
  subcommands: [list],
  helpSince: "5.0.0",
});
