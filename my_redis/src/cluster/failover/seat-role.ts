import type { Services } from "../../dispatch/context.ts";
import { nodeAddress } from "../node-address.ts";
import type { OpenWrites } from "../seat-transaction/open-writes.ts";
import type { ReplicaProgress } from "./replica-progress.ts";
import type { SeatData } from "./seat-data.ts";

export interface SeatRoleOptions {
  readonly server: Services;
  readonly writes: OpenWrites;
  readonly data: SeatData;
  readonly replicas: ReplicaProgress;
  /** This node has become a primary, or is none any more: other keys are locked. */
  readonly roleTaken: () => void;
  readonly seatName: () => string | undefined;
}

/** Makes this node the primary of its place, or a replica. */
export class SeatRole {
  readonly #options: SeatRoleOptions;

  constructor(options: SeatRoleOptions) {
    this.#options = options;
  }

  serve(epoch: number): void {
    const { data, replicas, roleTaken, seatName, server, writes } = this.#options;
    replicas.following = undefined;
    server.watched.breakAll();
    // Before anything is served.
    writes.book.takeLocks();
    roleTaken();
    data.begin(epoch);
    server.environment.report("notice", `this node is the primary of ${seatName()} (epoch ${epoch})`);
  }

  follow(primary: string, epoch: number): void {
    const { replicas, roleTaken, seatName, server, writes } = this.#options;
    const { host, port } = nodeAddress(primary);
    // The new primary changes what was watched here, by clients of this node and of others.
    server.watched.breakAll();
    writes.book.dropLocks();
    roleTaken();
    replicas.following = primary;
    server.environment.report("notice", `this node is a replica of ${primary}, for ${seatName()} (epoch ${epoch})`);
    server.replication?.followInRing(host, port);
  }
}
