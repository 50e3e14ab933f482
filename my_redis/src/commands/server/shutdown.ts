import { command } from "../../dispatch/command.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

export const shutdown = command({
  name: "SHUTDOWN",
  group: "server",
  since: "1.0.0",
  complexity: "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)",
  summary: "Writes everything down and ends the server.",
  flags: ["admin", "noscript", "loading", "stale", "no_multi", "allow_busy"],
  arity: -1,
  run({ server, client }, args) {
    const given = readOptions(args);
    if (given.has("abort")) throw new CommandError("ERR No shutdown in progress.");
    const wanted = given.has("save") ? "always" : given.has("nosave") ? "never" : "by-settings";
    if (!server.process.requestShutdown(wanted, given.has("force"))) {
      throw new CommandError("ERR Errors trying to SHUTDOWN. Check logs.");
    }
    // Nobody is answered any more, the asker neither: the end of the connection is the answer.
    client.closing = true;
  },
});

function readOptions(args: Arguments): ReadonlySet<string> {
  const given = new Set<string>();
  for (let index = 1; index < args.count; index++) {
    const option = args.latin1(index).toLowerCase();
    if (!["nosave", "save", "now", "force", "abort"].includes(option)) throw new CommandError(errors.syntax);
    given.add(option);
  }
  const conflict = given.has("abort") ? given.size > 1 : given.has("save") && given.has("nosave");
  if (conflict) throw new CommandError(errors.syntax);
  return given;
}
