import type { NetworkServer } from "../network/network-server.ts";
import type { Server } from "../server.ts";
import { DirectiveError } from "../settings/directive.ts";
import { ClusterNode, type ClusterOptions } from "./cluster-node.ts";
import { installClientUnblock } from "./routing/client-unblock.ts";
import { installSpanningCommands } from "./spanning/install-spanning-commands.ts";

/**
 * Joins the nodes that `self` and `peers` name; gives what leaves them again. Without `self` this does nothing.
 * To be called when the log has been loaded. Throws DirectiveError.
 */
export function joinCluster(
  server: Server,
  network: NetworkServer,
  parts: Pick<ClusterOptions, "connect" | "scriptEngine">,
): () => void {
  const { self, peers } = server.settings.values;
  if (self === "") {
    if (peers.length > 0) throw new DirectiveError("peers needs self: the address at which they reach this node");
    return () => {};
  }
  const node = new ClusterNode(server, network, { self, peers, ...parts });
  installClientUnblock(node);
  const endSpanning = installSpanningCommands(server, node);
  node.start();
  return () => {
    endSpanning();
    node.stop();
  };
}
