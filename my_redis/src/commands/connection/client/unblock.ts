import { command } from "../../../dispatch/command.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";

export const clientUnblock = command({
  name: "CLIENT UNBLOCK",
  group: "connection",
  since: "5.0.0",
  complexity: "O(log N) where N is the number of client connections",
  summary: "Unblocks a client that waits in a blocking command, as if it had timed out, or with an error.",
  syntax: "client-id [TIMEOUT | ERROR]",
  flags: ["admin", "noscript", "loading", "stale"],
  run({ server }, args, reply) {
    const how = args.count > 3 ? readHow(args) : "timeout";
    const found = server.clients.connected.get(args.integer(2));
    reply.integer(found !== undefined && server.blocking.unblock(found.client, how) ? 1 : 0);
  },
});

function readHow(args: Arguments): "timeout" | "error" {
  if (args.count > 4) throw new CommandError(errors.subcommandSyntax(args.latin1(1), "client"));
  if (args.is(3, "timeout")) return "timeout";
  if (args.is(3, "error")) return "error";
  throw new CommandError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
}
