import { command } from "../../../dispatch/command.ts";

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
