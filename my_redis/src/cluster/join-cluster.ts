import type { Services } from "../dispatch/context.ts";
import type { NetworkServer } from "../network/network-server.ts";
import type { Connect } from "../network/transport.ts";
import type { Turn } from "../network/turn.ts";
import { DirectiveError } from "../settings/directive.ts";
import type { SettingValues } from "../settings/settings.ts";
import { ClusterNode } from "./cluster-node.ts";
import type { DataEpoch } from "./failover/data-epoch.ts";
import { agreesOnMembers, checkPlan } from "./failover/seat-plan.ts";
import type { MoveCursors } from "./moving/move-cursors.ts";
import type { OpenWrites } from "./seat-transaction/open-writes.ts";
import type { RecordBook } from "./transaction/record-book.ts";

export interface JoinOptions {
  readonly network: NetworkServer;
  readonly turn: Turn;
  readonly connect: Connect;
  /** The earlier writes across nodes, as the log knows them: filled while the log is loaded. */
  readonly book: RecordBook;
  /** The epoch of the data, as the log knows it. */
  readonly data: DataEpoch;
  /** How much the data has of moves that come to this node. */
  readonly cursors: MoveCursors;
  /** The open writes across places that agree, as a part of the data. */
  readonly writes: OpenWrites;
}

/** This node's part in the ring that `self` and `peers` name; undefined without `self`. Throws DirectiveError. */
export function joinCluster(
  services: Services,
  { network, turn, connect, book, data, cursors, writes }: JoinOptions,
): ClusterNode | undefined {
  const { values } = services.settings;
  const { self, peers } = values;
  if (self !== "") {
    checkPlan(values);
    checkEncryption(values);
    return new ClusterNode(services, network, turn, { self, peers, connect, book, data, cursors, writes });
  }
  if (values["cluster-replicas"].length > 0) throw new DirectiveError("cluster-replicas needs self and peers");
  if (agreesOnMembers(values)) throw new DirectiveError("cluster-members agreed needs self");
  if (peers.length > 0) throw new DirectiveError("peers needs self: the address at which they reach this node");
  return undefined;
}

/** Throws DirectiveError for a ring of which only a part would be encrypted. */
function checkEncryption(values: SettingValues): void {
  if (values["tls-cluster"] && values["tls-port"] === 0) {
    throw new DirectiveError("tls-cluster needs tls-port: the port in self, at which the other nodes reach this one");
  }
  if (values["tls-replication"] && !values["tls-cluster"]) {
    throw new DirectiveError("tls-replication needs tls-cluster on a ring: replicas follow over the links' addresses");
  }
}
