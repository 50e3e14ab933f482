import { command } from "../../dispatch/command.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { OptionReader } from "../options/option-reader.ts";

export const shutdown = command({
  name: "SHUTDOWN",
  group: "server",
  since: "1.0.0",
  complexity: "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)",
  summary: "Saves the data and stops the server.",
  syntax: "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
  flags: ["admin", "noscript", "loading", "stale", "no_multi", "allow_busy"],
  run({ server, client }, args) {
    const given = readOptions(args);
    if (given.has("abort")) throw new CommandError("ERR No shutdown in progress.");
    // A snapshot would hold half of the script's writes.
    if (server.execution.scriptIsPaused && !given.has("nosave")) throw new CommandError(errors.busyScript);
    const wanted = given.has("save") ? "always" : given.has("nosave") ? "never" : "by-settings";
    if (!server.process.requestShutdown(wanted, given.has("force"))) {
      throw new CommandError("ERR Errors trying to SHUTDOWN. Check logs.");
    }
    server.scripts.giveUp();
    // No client gets a reply any more. The client that asked sees its connection end.
    client.closing = true;
  },
});

function readOptions(args: Arguments): ReadonlySet<string> {
  const given = new Set<string>();
  const options = new OptionReader(args, 1);
  while (options.next()) {
    given.add(["nosave", "save", "now", "force", "abort"].find((word) => options.is(word)) ?? options.refuse());
  }
  const conflict = given.has("abort") ? given.size > 1 : given.has("save") && given.has("nosave");
  if (conflict) throw new CommandError(errors.syntax);
  return given;
}
