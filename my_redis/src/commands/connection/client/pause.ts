import type { PauseMode } from "../../../dispatch/ports.ts";
import { command } from "../../../dispatch/command.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";

export const clientPause = command({
  name: "CLIENT PAUSE",
  group: "connection",
  since: "2.9.50",
  complexity: "O(1)",
  brief: true,
  summary: "Delays the commands of all clients, or only the writes, for some milliseconds.",
  syntax: "timeout:integer [WRITE | ALL]",
  flags: ["admin", "noscript", "loading", "stale"],
  run({ server }, args, reply) {
    const mode = readMode(args);
    const timeoutMs = args.integer(2, "ERR timeout is not an integer or out of range");
    if (timeoutMs < 0) throw new CommandError("ERR timeout is negative");
    server.pause.pause(timeoutMs, mode, "client pause");
    reply.ok();
  },
});

function readMode(args: Arguments): PauseMode {
  if (args.count > 4) throw new CommandError(errors.subcommandSyntax(args.latin1(1), "client"));
  if (args.count === 3 || args.is(3, "all")) return "all";
  if (args.is(3, "write")) return "write";
  throw new CommandError("ERR CLIENT PAUSE mode must be WRITE or ALL");
}

export const clientUnpause = command({
  name: "CLIENT UNPAUSE",
  group: "connection",
  since: "6.2.0",
  complexity: "O(N) Where N is the number of paused clients",
  summary: "Ends a pause that CLIENT PAUSE began.",
  flags: ["admin", "noscript", "loading", "stale"],
  run({ server }, _args, reply) {
    server.pause.unpause("client pause");
    reply.ok();
  },
});
