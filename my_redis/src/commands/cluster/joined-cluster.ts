import type { Context } from "../../dispatch/context.ts";
import type { ClusterPort } from "../../dispatch/ports.ts";
import { CommandError } from "../../protocol/command-error.ts";

/** The ring of nodes that this server has joined. Throws where there is none. */
export function joinedCluster({ server }: Context): ClusterPort {
  if (server.cluster === undefined) throw new CommandError("ERR This instance has cluster support disabled");
  return server.cluster;
}

/** A node by the id that stands at an argument. Throws when there is none. */
export function nodeById(cluster: ClusterPort, id: string): number {
  const node = cluster.members.ids.indexOf(id.toLowerCase());
  if (node < 0) throw new CommandError(`ERR Unknown node ${id.slice(0, 128)}`);
  return node;
}
