import { command } from "../../../dispatch/command.ts";
import type { Client } from "../../../dispatch/client.ts";
import type { Services } from "../../../dispatch/context.ts";
import type { ReplicationPort } from "../../../dispatch/ports.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError } from "../../../protocol/command-error.ts";

const flags = ["admin", "noscript", "no_async_loading", "no_multi"] as const;

function requireReplication({ replication }: Services): ReplicationPort {
  if (replication === undefined) throw new CommandError("ERR replicas need a network");
  return replication;
}

/** A replica that asks wrongly will not say so itself. */
function offsetOf({ channel }: Client, { environment }: Services, args: Arguments): number {
  try {
    return args.integer(2);
  } catch (error) {
    const text = `replica ${channel.remoteAddress} asks for synchronization but with a wrong offset`;
    environment.report("warning", text);
    throw error;
  }
}

export const psync = command({
  name: "PSYNC",
  group: "server",
  since: "2.8.0",
  complexity: "O(1), and O(N) in the background for a full synchronisation",
  brief: true,
  summary: "Makes the connection that of a replica, which has the data up to an offset of a history.",
  syntax: "replicationid offset:integer",
  // redis-server's replicas add a word when they take part in a failover.
  arity: -3,
  flags,
  run({ client, server }, args) {
    if (client.isReplica) return;
    const id = args.latin1(1);
    const next = offsetOf(client, server, args);
    const takesOver = args.count > 3 && args.is(3, "failover");
    requireReplication(server).attach({ client }, { id, next, takesOver });
  },
});

export const sync = command({
  name: "SYNC",
  group: "server",
  since: "1.0.0",
  complexity: "O(1), and O(N) in the background",
  brief: true,
  summary: "Makes the connection that of a replica without any data.",
  flags,
  run({ client, server }) {
    if (!client.isReplica) requireReplication(server).attach({ client }, "everything");
  },
});
