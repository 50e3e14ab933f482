import type { Services } from "../../dispatch/context.ts";
import type { AnnouncedEndpoints } from "../announced-endpoints.ts";
import type { Disputes } from "../disputes.ts";
import type { OutgoingLink } from "../link/outgoing-link.ts";
import type { Members } from "../members.ts";
import type { SpanningCommand } from "../spanning-command.ts";
import type { RingMembership } from "../failover/ring-membership.ts";
import type { SeatNode } from "../failover/seat-node.ts";
import type { RelayedClients } from "./relayed-clients.ts";
import type { ScriptExchange } from "./script-exchange.ts";

/** The parts of the node that routing needs. */
export interface RouterOwner {
  readonly server: Services;
  readonly members: Members;
  readonly disputes: Disputes;
  readonly endpoints: AnnouncedEndpoints;
  /** By the node's number; undefined at this node's own. */
  readonly links: readonly (OutgoingLink | undefined)[];
  /** Undefined on a ring without replicas. */
  readonly seat: Pick<SeatNode, "admit" | "admitNow" | "mayServe" | "servedEpoch" | "requests" | "mover"> | undefined;
  /** Undefined on a ring whose members are fixed. */
  readonly ring: Pick<RingMembership, "state"> | undefined;
  readonly spanning: ReadonlyMap<string, SpanningCommand>;
  readonly scripts: ScriptExchange;
  readonly relayed: RelayedClients;
  /** Bytes that may wait for all nodes together. */
  readonly maxWaitingBytes: number;
}
