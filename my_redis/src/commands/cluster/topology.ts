import { slotRanges } from "../../cluster/slot-ranges.ts";
import { preferredHost } from "../../cluster/preferred-endpoint.ts";
import { command, type CommandDefinition } from "../../dispatch/command.ts";
import type { NodeEndpoint } from "../../dispatch/ports.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { SettingValues } from "../../settings/settings.ts";
import { joinedCluster, nodeById, replicasOf } from "./joined-cluster.ts";
import { nodeLine } from "./node-line.ts";

const facts = { group: "cluster", flags: ["stale"] } as const;

export const clusterSlots = command({
  ...facts,
  name: "CLUSTER SLOTS",
  since: "3.0.0",
  complexity: "O(N) where N is the total number of Cluster nodes",
  summary: "Lists the ranges of hash slots, each with the node that owns it and its replicas.",
  tips: ["nondeterministic_output"],
  run(context, _args, reply) {
    const { endpoints, members } = joinedCluster(context);
    const { values } = context.server.settings;
    const ranges = slotRanges(members);
    reply.array(ranges.length);
    for (const { start, end, node } of ranges) {
      const nodes = [node, ...replicasOf(members, node)];
      reply.array(2 + nodes.length);
      reply.integer(start);
      reply.integer(end);
      for (const each of nodes) {
        writeEndpoint(reply, values, { ...endpoints.of(each), id: members.ids[each] as string });
      }
    }
  },
});

/** A node's preferred endpoint, and what else is known of where it is. */
function writeEndpoint(reply: ReplyWriter, values: SettingValues, node: NodeEndpoint & { readonly id: string }): void {
  const { id, ip, port, hostname } = node;
  const preferred = preferredHost(values, node);
  const type = values["cluster-preferred-endpoint-type"];
  reply.array(4);
  if (preferred === undefined) reply.null();
  else reply.bulkText(preferred);
  reply.integer(port);
  reply.bulkText(id);
  const others = [
    ...(type === "ip" ? [] : ["ip", ip]),
    ...(type === "hostname" || hostname === "" ? [] : ["hostname", hostname]),
  ];
  reply.map(others.length / 2);
  for (const text of others) reply.bulkText(text);
}

export const clusterShards = command({
  ...facts,
  name: "CLUSTER SHARDS",
  since: "7.0.0",
  complexity: "O(N) where N is the total number of cluster nodes",
  summary: "Lists the nodes that own hash slots, each with its replicas and its ranges of slots.",
  tips: ["nondeterministic_output"],
  run(context, _args, reply) {
    const { endpoints, members, links, seat } = joinedCluster(context);
    const { values } = context.server.settings;
    const ranges = slotRanges(members);
    reply.array(members.primaries.length);
    for (const node of members.primaries) {
      const own = ranges.filter((range) => range.node === node);
      reply.map(2);
      reply.bulkText("slots");
      reply.array(own.length * 2);
      for (const { start, end } of own) {
        reply.integer(start);
        reply.integer(end);
      }
      reply.bulkText("nodes");
      const nodes = [node, ...replicasOf(members, node)];
      reply.array(nodes.length);
      for (const each of nodes) {
        const endpoint = endpoints.of(each);
        writeNode(reply, {
          ...endpoint,
          endpoint: preferredHost(values, endpoint) ?? "",
          id: members.ids[each] as string,
          role: each === node ? "master" : "replica",
          // What other nodes have, this one does not know.
          offset: each === members.self ? (seat?.status.dataOffset ?? 0) : 0,
          healthy: links[each]?.gone !== true,
        });
      }
    }
  },
});

interface ShardNode extends NodeEndpoint {
  readonly endpoint: string;
  readonly id: string;
  readonly role: "master" | "replica";
  readonly offset: number;
  readonly healthy: boolean;
}

function writeNode(reply: ReplyWriter, node: ShardNode): void {
  const texts: readonly [string, string | number][] = [
    ["id", node.id],
    ["port", node.port],
    ["ip", node.ip],
    ["endpoint", node.endpoint],
    ...(node.hostname === "" ? [] : [["hostname", node.hostname] as [string, string]]),
    ["role", node.role],
    ["replication-offset", node.offset],
    ["health", node.healthy ? "online" : "failed"],
  ];
  reply.map(texts.length);
  for (const [name, value] of texts) {
    reply.bulkText(name);
    if (typeof value === "number") reply.integer(value);
    else reply.bulkText(value);
  }
}

export const clusterNodes = command({
  ...facts,
  name: "CLUSTER NODES",
  since: "3.0.0",
  complexity: "O(N) where N is the total number of Cluster nodes",
  summary: "Describes the nodes and their hash slots, one per line, as Redis's nodes.conf does.",
  tips: ["nondeterministic_output"],
  run(context, _args, reply) {
    const cluster = joinedCluster(context);
    reply.verbatim("txt", cluster.members.names.map((_, node) => nodeLine(context.server, cluster, node)).join(""));
  },
});

const replicaFacts = {
  ...facts,
  flags: ["admin", "stale"],
  complexity: "O(1)",
  brief: true,
  summary: "Lists the replicas of a node.",
  syntax: "node-id",
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    const cluster = joinedCluster(context);
    const node = nodeById(cluster, args.latin1(2));
    if (cluster.members.primaryOf[node] !== node) throw new CommandError("ERR The specified node is not a master");
    const replicas = replicasOf(cluster.members, node);
    reply.array(replicas.length);
    for (const replica of replicas) reply.bulkText(nodeLine(context.server, cluster, replica).trimEnd());
  },
} as const satisfies Partial<CommandDefinition>;

export const clusterReplicas = command({ ...replicaFacts, name: "CLUSTER REPLICAS", since: "5.0.0" });

export const clusterSlaves = command({ ...replicaFacts, name: "CLUSTER SLAVES", since: "3.0.0" });

export const clusterMyid = command({
  ...facts,
  name: "CLUSTER MYID",
  since: "3.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Returns the id of this node.",
  run(context, _args, reply) {
    const { members } = joinedCluster(context);
    reply.bulkText(members.ids[members.self] as string);
  },
});
