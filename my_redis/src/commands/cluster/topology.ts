import { slotRanges } from "../../cluster/slot-ranges.ts";
import { nodeAddress } from "../../cluster/node-address.ts";
import { command, type CommandDefinition } from "../../dispatch/command.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { joinedCluster, nodeById } from "./joined-cluster.ts";
import { nodeLine } from "./node-line.ts";

const facts = { group: "cluster", flags: ["stale"] } as const;

export const clusterSlots = command({
  ...facts,
  name: "CLUSTER SLOTS",
  since: "3.0.0",
  complexity: "O(N) where N is the total number of Cluster nodes",
  summary: "Lists the ranges of hash slots, each with the node that owns it.",
  tips: ["nondeterministic_output"],
  run(context, _args, reply) {
    const { members } = joinedCluster(context);
    const ranges = slotRanges(members);
    reply.array(ranges.length);
    for (const { start, end, node } of ranges) {
      reply.array(3);
      reply.integer(start);
      reply.integer(end);
      const { host, port } = nodeAddress(members.names[node] as string);
      reply.array(4);
      reply.bulkText(host);
      reply.integer(port);
      reply.bulkText(members.ids[node] as string);
      reply.array(0);
    }
  },
});

export const clusterShards = command({
  ...facts,
  name: "CLUSTER SHARDS",
  since: "7.0.0",
  complexity: "O(N) where N is the total number of cluster nodes",
  summary: "Lists the nodes, each with the ranges of hash slots that it owns.",
  tips: ["nondeterministic_output"],
  run(context, _args, reply) {
    const { members, links } = joinedCluster(context);
    const ranges = slotRanges(members);
    reply.array(members.names.length);
    for (const [node, name] of members.names.entries()) {
      const own = ranges.filter((range) => range.node === node);
      reply.map(2);
      reply.bulkText("slots");
      reply.array(own.length * 2);
      for (const { start, end } of own) {
        reply.integer(start);
        reply.integer(end);
      }
      reply.bulkText("nodes");
      reply.array(1);
      writeNode(reply, { name, id: members.ids[node] as string, healthy: links[node]?.gone !== true });
    }
  },
});

function writeNode(reply: ReplyWriter, node: { name: string; id: string; healthy: boolean }): void {
  const { host, port } = nodeAddress(node.name);
  const texts: readonly [string, string | number][] = [
    ["id", node.id],
    ["port", port],
    ["ip", host],
    ["endpoint", host],
    ["role", "master"],
    ["replication-offset", 0],
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
  summary: "Lists the replicas of a node. There are none yet.",
  syntax: "node-id",
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    nodeById(joinedCluster(context), args.latin1(2));
    reply.array(0);
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
