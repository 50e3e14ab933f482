import { command } from "../../dispatch/command.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { requireSnapshots } from "./save.ts";

const otherActive =
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a " +
  "BGSAVE whenever possible.";

export const bgSave = command({
  name: "BGSAVE",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Writes a snapshot of all databases to a file while clients are served.",
  syntax: "[SCHEDULE]",
  flags: ["admin", "noscript", "no_async_loading"],
  run({ server }, args, reply) {
    const schedule = args.count === 2 && args.is(1, "schedule");
    if (args.count > 1 && !schedule) throw new CommandError(errors.syntax);
    const snapshots = requireSnapshots(server);
    if (snapshots.inProgress) throw new CommandError("ERR Background save already in progress");
    const { execution, keyspace, storage } = server;
    const rewriting = storage?.log.rewriter.startedMs !== undefined;
    if (rewriting || keyspace.snapshot !== undefined || !execution.isAtRest) {
      if (!schedule && execution.isAtRest) throw new CommandError(otherActive);
      snapshots.schedule();
      reply.simple("Background saving scheduled");
      return;
    }
    try {
      snapshots.begin();
    } catch {
      throw new CommandError("ERR");
    }
    reply.simple("Background saving started");
  },
});

export const bgRewriteAof = command({
  name: "BGREWRITEAOF",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Rewrites the append-only file as short as the data allows, while clients are served.",
  flags: ["admin", "noscript", "no_async_loading"],
  run({ server }, _args, reply) {
    requireSnapshots(server);
    const rewriter = server.storage?.log?.rewriter;
    if (rewriter?.startedMs !== undefined) {
      throw new CommandError("ERR Background append only file rewriting already in progress");
    }
    const begun = rewriter?.begin();
    reply.simple(`Background append only file rewriting ${begun ?? "scheduled"}`);
  },
});
