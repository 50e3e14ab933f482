import { command } from "../../dispatch/command.ts";
import { container } from "../../dispatch/container.ts";

const list = command({
  name: "MODULE LIST",
  group: "server",
  since: "4.0.0",
  complexity: "O(N) where N is the number of loaded modules.",
  summary: "Lists the modules. There are none, because modules for Redis cannot be loaded here.",
  flags: ["admin", "noscript"],
  tips: ["nondeterministic_output_order"],
  run(_context, _args, reply) {
    reply.array(0);
  },
});

export const moduleCommand = container({
  name: "MODULE",
  group: "server",
  since: "4.0.0",
  complexity: "Depends on the subcommand.",
  summary: "Groups the commands about modules.",
  flags: [],
  helpSince: "5.0.0",
  subcommands: [list],
});
