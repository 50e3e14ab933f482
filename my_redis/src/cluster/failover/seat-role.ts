import type { Services } from "../../dispatch/context.ts";
import { nodeAddress } from "../node-address.ts";
import type { OpenWrites } from "../seat-transaction/open-writes.ts";
import type { ReplicaProgress } from "./replica-progress.ts";
import type { SeatData } from "./seat-data.ts";

export interface SeatRoleOptions {
  readonly server: Pick<Services, "environment" | "observers" | "pubSub" | "replication" | "watched">;
  readonly writes: OpenWrites;
  readonly data: Pick<SeatData, "begin">;
  readonly replicas: Pick<ReplicaProgress, "following">;
  /** This node has become a primary, or is none any more: other keys are locked. */
  readonly roleTaken: () => void;
  /** The name of this node's place. */
  readonly place: () => string;
}

/** Makes this node the primary of its place, a replica, or neither. */
export class SeatRole {
  readonly #options: SeatRoleOptions;

  constructor(options: SeatRoleOptions) {
    this.#options = options;
  }

  serve(epoch: number): void {
    const { data, place, replicas, roleTaken, server, writes } = this.#options;
    replicas.following = undefined;
    server.watched.breakAll();
    // Before anything is served.
    writes.book.takeLocks();
    roleTaken();
    data.begin(epoch);
    server.environment.report("notice", `this node is the primary of ${place()} (epoch ${epoch})`);
  }

  follow(primary: string, epoch: number): void {
    const { place, replicas, server } = this.#options;
    const { host, port } = nodeAddress(primary);
    // The new primary changes what was watched here, by clients of this node and of others.
    server.watched.breakAll();
    this.#dropLocks();
    replicas.following = primary;
    server.environment.report("notice", `this node is a replica of ${primary}, for ${place()} (epoch ${epoch})`);
    server.replication?.followInRing(host, port);
  }

  #dropLocks(): void {
    this.#options.writes.book.dropLocks();
    this.#options.roleTaken();
  }

  /** It has no place any more: members publish nothing here and tell no changes, and as a replica it gets no more of the primary's data. */
  end(): void {
    const { replicas, server } = this.#options;
    this.#dropLocks();
    server.pubSub.disconnectSubscribers();
    server.observers.tracking.disconnectBroadcasts();
    if (replicas.following === undefined) return;
    replicas.following = undefined;
    server.environment.report("notice", "this node is no replica any more: it has no place on the ring");
    server.replication?.endInRing();
  }
}
