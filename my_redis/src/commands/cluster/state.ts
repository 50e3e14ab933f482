import { slotCount } from "hash-ring";
import { command } from "../../dispatch/command.ts";
import type { ClusterPort, SeatStatus } from "../../dispatch/ports.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { epochOf } from "./node-line.ts";
import { joinedCluster, nodeById } from "./joined-cluster.ts";

const facts = { group: "cluster", flags: ["stale"] } as const;

export const clusterInfo = command({
  ...facts,
  name: "CLUSTER INFO",
  since: "3.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Describes the state of the cluster as this node sees it.",
  tips: ["nondeterministic_output"],
  run(context, _args, reply) {
    const lines = clusterState(joinedCluster(context), context.server.clients.sessionCount);
    reply.verbatim("txt", lines.map(([name, value]) => `${name}:${value}\r\n`).join(""));
  },
});

const pendingBytesOf = (links: Iterable<{ readonly pendingBytes: number } | undefined>): number => {
  let total = 0;
  for (const link of links) total += link?.pendingBytes ?? 0;
  return total;
};

/**
 * A missing node takes only its own slots out of service. So the state describes only the slots that this node serves
 * itself.
 */
export function clusterState(
  { members, links, disputedSlots, incomingLinks, relayedCount, seat }: ClusterPort,
  sessionCount: number,
): readonly [string, string | number][] {
  const hasRing = members.seats.length > 0;
  const gone = members.owners.reduce((count, node) => (links[node]?.gone === true ? count + 1 : count), 0);
  return [
    ["cluster_state", hasRing && disputedSlots === 0 ? "ok" : "fail"],
    ["cluster_slots_assigned", hasRing ? slotCount : 0],
    ["cluster_slots_ok", hasRing ? slotCount - gone : 0],
    ["cluster_slots_pfail", 0],
    ["cluster_slots_fail", gone],
    ["cluster_slots_disputed", disputedSlots],
    ["cluster_known_nodes", members.nodes.length],
    ["cluster_size", hasRing ? members.owning.length : 0],
    ["cluster_current_epoch", seat?.status.tableVersion ?? 0],
    ["cluster_my_epoch", epochOf(members, seat, members.primaryOf[members.self] as number)],
    ["cluster_links_out", links.filter((link) => link?.isOpen === true).length],
    ["cluster_links_in", [...incomingLinks].length],
    ["cluster_requests_relayed", relayedCount],
    ["cluster_clients_of_others", sessionCount],
    ["cluster_links_waiting_bytes", pendingBytesOf(links)],
    ["cluster_links_in_waiting_bytes", pendingBytesOf(incomingLinks)],
    ...(seat === undefined ? [] : seatLines(seat.status)),
  ];
}

const seatLines = (seat: SeatStatus): readonly [string, string | number][] => [
  ["cluster_seat", seat.seat],
  ["cluster_seat_role", seat.role],
  ["cluster_seat_in_sync", seat.inSync.join(" ")],
  ["cluster_seat_epoch", seat.dataEpoch],
  ["cluster_seat_offset", seat.dataOffset],
  ["cluster_leader", seat.leader ?? ""],
  ["cluster_term", seat.term],
  ["cluster_table_version", seat.tableVersion],
  ["cluster_state_file", seat.stateFile],
  ["cluster_lease_left_ms", seat.leaseLeftMs],
  ["cluster_replies_waiting_turns", seat.waitingTurns],
  ["cluster_replies_waiting_bytes", seat.waitingBytes],
  ["cluster_requests_waiting_for_lease", seat.waitingRequests],
  ["cluster_role_changes", seat.failovers],
  ["cluster_slots_left_to_move", seat.moving.slotsLeft],
  ["cluster_moves", seat.moving.movesUnderWay],
  ...seat.moving.moves.map((text, index): [string, string] => [`cluster_move_${index}`, text]),
  ["cluster_moved_keys_removed", seat.moving.removedKeys],
  ["cluster_removing_moved_keys", seat.moving.isRemoving ? 1 : 0],
  ["cluster_slow_targets", seat.moving.slowTargets],
];

export const clusterLinks = command({
  ...facts,
  name: "CLUSTER LINKS",
  since: "7.0.0",
  complexity: "O(N) where N is the total number of Cluster nodes",
  summary: "Lists the connections to and from other nodes.",
  tips: ["nondeterministic_output"],
  run(context, _args, reply) {
    const { members, links, incomingLinks } = joinedCluster(context);
    const open = links.filter((link) => link?.isOpen === true);
    const incoming = [...incomingLinks];
    reply.array(open.length + incoming.length);
    const toUnixMs = context.now - context.server.environment.monotonicMs();
    for (const link of open) {
      if (link !== undefined)
        writeLink(reply, "to", { ...linkFacts(link), id: members.ids[link.node] as string }, toUnixMs);
    }
    for (const link of incoming) {
      writeLink(reply, "from", { ...linkFacts(link), id: members.ids[link.node] as string }, toUnixMs);
    }
  },
});

interface LinkFacts {
  readonly openedAtMs: number;
  readonly pendingBytes: number;
}

const linkFacts = ({ openedAtMs, pendingBytes }: LinkFacts): LinkFacts => ({ openedAtMs, pendingBytes });

function writeLink(reply: ReplyWriter, direction: string, link: LinkFacts & { id: string }, toUnixMs: number): void {
  reply.map(6);
  reply.bulkText("direction");
  reply.bulkText(direction);
  reply.bulkText("node");
  reply.bulkText(link.id);
  reply.bulkText("create-time");
  reply.integer(Math.round(link.openedAtMs + toUnixMs));
  reply.bulkText("events");
  reply.bulkText(link.pendingBytes > 0 ? "rw" : "r");
  reply.bulkText("send-buffer-allocated");
  reply.integer(link.pendingBytes);
  reply.bulkText("send-buffer-used");
  reply.integer(link.pendingBytes);
}

export const clusterCountFailureReports = command({
  ...facts,
  name: "CLUSTER COUNT-FAILURE-REPORTS",
  since: "3.0.0",
  complexity: "O(N) where N is the number of failure reports",
  summary: "Returns 1 when another node does not answer this one, otherwise 0. Nodes do not report on each other.",
  syntax: "node-id",
  flags: ["admin", "stale"],
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    const cluster = joinedCluster(context);
    reply.integer(cluster.links[nodeById(cluster, args.latin1(2))]?.gone === true ? 1 : 0);
  },
});

export const clusterMyshardid = command({
  ...facts,
  name: "CLUSTER MYSHARDID",
  since: "7.2.0",
  complexity: "O(1)",
  brief: true,
  summary: "Returns the id of this node's shard: that of the node by whose name it stands on the hash ring.",
  run(context, _args, reply) {
    const { members, seat } = joinedCluster(context);
    const node = seat === undefined ? members.self : members.names.indexOf(seat.status.seat);
    reply.bulkText(members.ids[node] as string);
  },
});
