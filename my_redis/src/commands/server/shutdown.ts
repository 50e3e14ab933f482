import { command } from "../../dispatch/command.ts";
import type { SaveAtEnd } from "../../dispatch/ports.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { OptionReader } from "../options/option-reader.ts";

const failed = "ERR Errors trying to SHUTDOWN. Check logs.";

export const shutdown = command({
  name: "SHUTDOWN",
  group: "server",
  since: "1.0.0",
  complexity: "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)",
  summary: "Lets replicas catch up, saves the data and stops the server.",
  syntax: "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
  flags: ["admin", "noscript", "loading", "stale", "no_multi", "allow_busy"],
  run(context, args, reply) {
    const { server, client } = context;
    // The server waited for its replicas, and then did not end.
    if (context.retrying) throw new CommandError(failed);
    const given = readOptions(args);
    if (given.has("abort")) {
      if (!server.process.shutdown.abort()) throw new CommandError("ERR No shutdown in progress.");
      reply.ok();
      return;
    }
    // A snapshot would hold half of the script's writes.
    if (server.execution.scriptIsPaused && !given.has("nosave")) throw new CommandError(errors.busyScript);
    const save: SaveAtEnd = given.has("save") ? "always" : given.has("nosave") ? "never" : "by-settings";
    const outcome = server.process.shutdown.request({
      save,
      force: given.has("force"),
      // Nobody may see what a half done script has written, so the server must not go on later.
      now: given.has("now") || server.execution.scriptIsPaused,
      onCancelled: () => server.blocking.tryAgain((waiting) => waiting === client),
    });
    if (outcome === "refused") throw new CommandError(failed);
    server.scripts.giveUp();
    // No client gets a reply any more. The client that asked sees its connection end.
    if (outcome === "ends") client.closing = true;
    else context.blockOn(args, [], { timeoutMs: 0, timeoutReply: "null" });
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
