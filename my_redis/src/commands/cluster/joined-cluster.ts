import type { Context } from "../../dispatch/context.ts";
import type { ClusterPort, MemberList } from "../../dispatch/ports.ts";
import { CommandError } from "../../protocol/command-error.ts";

/** The ring of nodes that this server has joined. Throws when it has joined none. */
export function joinedCluster({ server }: Context): ClusterPort {
  if (server.cluster === undefined) throw new CommandError("ERR This instance has cluster support disabled");
  return server.cluster;
}

/** The replicas of a node that owns slots. */
export const replicasOf = ({ nodes, primaryOf }: MemberList, node: number): number[] =>
  nodes.filter((each) => each !== node && primaryOf[each] === node);

/** The node with the id in an argument. Throws when the ring has no such node. */
export function nodeById(cluster: ClusterPort, id: string): number {
  const node = cluster.members.ids.indexOf(id.toLowerCase());
  if (!cluster.members.nodes.includes(node)) throw new CommandError(`ERR Unknown node ${id.slice(0, 128)}`);
  return node;
}
