import type { Services } from "../dispatch/context.ts";
import type { NetworkServer } from "../network/network-server.ts";
import type { Connect } from "../network/transport.ts";
import type { Turn } from "../network/turn.ts";
import { DirectiveError } from "../settings/directive.ts";
import { ClusterNode } from "./cluster-node.ts";
import type { RecordBook } from "./transaction/record-book.ts";

export interface JoinOptions {
  readonly network: NetworkServer;
  readonly turn: Turn;
  readonly connect: Connect;
  /** The earlier writes across nodes, as the log knows them: filled while the log is loaded. */
  readonly book: RecordBook;
}

/** This node's part in the ring that `self` and `peers` name; undefined without `self`. Throws DirectiveError. */
export function joinCluster(
  services: Services,
  { network, turn, connect, book }: JoinOptions,
): ClusterNode | undefined {
  const { self, peers } = services.settings.values;
  if (self !== "") return new ClusterNode(services, network, turn, { self, peers, connect, book });
  if (peers.length > 0) throw new DirectiveError("peers needs self: the address at which they reach this node");
  return undefined;
}
