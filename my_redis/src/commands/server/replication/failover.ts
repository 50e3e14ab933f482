import { command } from "../../../dispatch/command.ts";
import type { FailoverRequest } from "../../../dispatch/ports.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";

export const failover = command({
  name: "FAILOVER",
  group: "server",
  since: "6.2.0",
  complexity: "O(1)",
  brief: true,
  summary: "Makes a replica the primary, and this server its replica, without a lost write.",
  syntax: "[TO={host port:integer [FORCE]}] [ABORT] [TIMEOUT=milliseconds:integer]",
  arity: -1,
  flags: ["admin", "noscript", "stale"],
  run({ server: { cluster, replication } }, args, reply) {
    if (cluster !== undefined) throw new CommandError("ERR FAILOVER not allowed in cluster mode.");
    if (replication === undefined) throw new CommandError("ERR replication needs a network");
    if (args.count === 2 && args.is(1, "abort")) replication.abortFailover();
    else replication.beginFailover(readRequest(args));
    reply.ok();
  },
});

function readRequest(args: Arguments): FailoverRequest {
  let target: FailoverRequest["target"];
  let timeoutMs: number | undefined;
  let force = false;
  for (let index = 1; index < args.count; index++) {
    const left = args.count - 1 - index;
    if (args.is(index, "timeout") && left >= 1 && timeoutMs === undefined) {
      timeoutMs = args.integer(++index);
      if (timeoutMs <= 0) throw new CommandError("ERR FAILOVER timeout must be greater than 0");
    } else if (args.is(index, "to") && left >= 2 && target === undefined) {
      target = { host: args.text(index + 1), port: args.integer(index + 2) };
      index += 2;
    } else if (args.is(index, "force") && !force) force = true;
    else throw new CommandError(errors.syntax);
  }
  return { target, timeoutMs, force };
}
