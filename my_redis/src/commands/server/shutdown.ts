import { command } from "../../command/command.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

export const shutdown = command({
  name: "SHUTDOWN",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Writes everything down and ends the server.",
  flags: ["admin", "noscript", "loading", "stale", "no_multi", "allow_busy"],
  arity: -1,
  run({ server, client }, args) {
    if (readsAbort(args)) throw new CommandError("ERR No shutdown in progress.");
    // Nobody is answered any more, the asker neither: the end of the connection is the answer.
    client.closing = true;
    server.requestShutdown();
  },
});

/** Whether ABORT is asked for; the others change nothing here, since what is logged is always kept. */
function readsAbort(args: Arguments): boolean {
  const given = new Set<string>();
  for (let index = 1; index < args.count; index++) {
    const option = args.latin1(index).toLowerCase();
    if (!["nosave", "save", "now", "force", "abort"].includes(option)) throw new CommandError(errors.syntax);
    given.add(option);
  }
  const conflict = given.has("abort") ? given.size > 1 : given.has("save") && given.has("nosave");
  if (conflict) throw new CommandError(errors.syntax);
  return given.has("abort");
}
