import { command } from "../../dispatch/command.ts";
import { CommandError } from "../../protocol/command-error.ts";

export const role = command({
  name: "ROLE",
  group: "server",
  since: "2.8.12",
  complexity: "O(N) where N is the number of replicas",
  summary: "Returns the server's role in replication.",
  flags: ["noscript", "loading", "stale", "fast"],
  categories: ["admin", "dangerous"],
  run({ server: { replication } }, _args, reply) {
    const status = replication?.status;
    if (status?.primary !== undefined) {
      const { host, port, state } = status.primary;
      reply.array(5);
      reply.bulkText("slave");
      reply.bulkText(host);
      reply.integer(port);
      reply.bulkText(state);
      reply.integer(state === "connected" ? status.offset : -1);
      return;
    }
    const replicas = status?.replicas.filter(({ state }) => state === "online") ?? [];
    reply.array(3);
    reply.bulkText("master");
    reply.integer(status?.offset ?? 0);
    reply.array(replicas.length);
    for (const { address, port, ackedOffset } of replicas) {
      reply.array(3);
      reply.bulkText(address);
      reply.bulkText(String(port));
      reply.bulkText(String(ackedOffset));
    }
  },
});

export const wait = command({
  name: "WAIT",
  group: "generic",
  since: "3.0.0",
  complexity: "O(N) where N is the number of replicas",
  brief: true,
  summary: "Waits until replicas have received the changes made so far, and counts these replicas.",
  syntax: "numreplicas:integer timeout:integer",
  flags: ["noscript"],
  categories: ["connection"],
  tips: ["request_policy:all_shards", "response_policy:agg_min"],
  run(context, args, reply) {
    const { client, server } = context;
    const { execution, replication } = server;
    if (execution.followsPrimary) throw new CommandError(notOnReplica);
    const wanted = args.integer(1);
    const timeoutMs = args.integer(2, "ERR timeout is not an integer or out of range");
    if (timeoutMs < 0) throw new CommandError("ERR timeout is negative");
    const count = (): number => replication?.acknowledgements({ client }) ?? 0;
    const reached = count();
    if (reached < wanted && context.blockOn(args, [], { timeoutMs, timeoutReply: count }) === "blocked") return;
    reply.integer(reached);
  },
});

const notOnReplica =
  "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to " +
  "be writable (which is not the default) writes to replicas are just local and are not propagated.";
