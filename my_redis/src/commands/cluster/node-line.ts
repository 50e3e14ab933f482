import type { ClusterNode } from "../../cluster/cluster-node.ts";
import { nodeAddress } from "../../cluster/node-address.ts";
import { slotRanges } from "../../cluster/slot-ranges.ts";

/** A node as a line of CLUSTER NODES. */
export function nodeLine({ members, links, server }: ClusterNode, node: number): string {
  const name = members.names[node] as string;
  const link = links[node];
  const flags = [...(node === members.self ? ["myself"] : []), "master", ...(link?.gone === true ? ["fail"] : [])];
  const { environment, nowMs } = server;
  const heardAtMs = link === undefined ? 0 : Math.round(nowMs - (environment.monotonicMs() - link.heardAtMs));
  const connected = link === undefined || link.isUp;
  const slots = slotRanges(members)
    .filter((range) => range.node === node)
    .map(({ start, end }) => (start === end ? `${start}` : `${start}-${end}`));
  // Links take the port of the clients: the one for nodes is the same.
  const address = `${name}@${nodeAddress(name).port}`;
  const parts = [
    members.ids[node],
    address,
    flags.join(","),
    "-",
    0,
    heardAtMs,
    0,
    connected ? "connected" : "disconnected",
  ];
  return `${[...parts, ...slots].join(" ")}\n`;
}
