import type { InfoSection } from "./section.ts";

export const clientsSection: InfoSection = {
  name: "clients",
  title: "Clients",
  byDefault: true,
  lines({ clients: { connected, postponedCount }, cluster, settings, blocking, observers }) {
    const held = [...connected.values()].map(({ client }) => client.channel);
    const greatest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);
    // As in redis-server, replicas do not count as clients.
    const replicas = [...connected.values()].filter(({ client }) => client.isReplica).length;
    return [
      ["connected_clients", connected.size - replicas],
      ["cluster_connections", cluster === undefined ? 0 : cluster.connectionCount],
      ["maxclients", settings.values.maxclients],
      ["client_recent_max_input_buffer", greatest(held.map((channel) => channel.heldBytes))],
      ["client_recent_max_output_buffer", greatest(held.map((channel) => channel.pendingBytes))],
      ["blocked_clients", blocking.count + postponedCount],
      ["tracking_clients", observers.tracking.clientCount],
      ["clients_in_timeout_table", blocking.timedCount],
      ["total_blocking_keys", blocking.keyCount],
      ["total_blocking_keys_on_nokey", blocking.keyCountUntilGone],
    ];
  },
};
