import { seatOf } from "../agreement/ring-table.ts";
import { isReady } from "../agreement/serving.ts";
import { noticeKinds, readProgress, writeProgress } from "./notices.ts";
import type { RingAgent } from "./ring-agent.ts";

export interface ReplicaProgressOptions {
  /** Whether this node's log has all that this node has. */
  readonly isLogged: () => boolean;
  readonly agent: () => RingAgent;
  readonly notify: (node: string, kind: number, payload: Uint8Array) => void;
  /** Finds out how far this node's own data is. */
  readonly update: () => void;
}

/** How far replicas are: a replica tells its primary, and a primary tells the agreement. */
export class ReplicaProgress {
  /** The primary that this node follows. */
  following: string | undefined;
  readonly #options: ReplicaProgressOptions;

  constructor(options: ReplicaProgressOptions) {
    this.#options = options;
  }

  /** A replica of this primary says how far it is. */
  take(node: string, payload: Uint8Array): void {
    const { agent, update } = this.#options;
    const { committed, self } = agent().member;
    const progress = readProgress(payload);
    const seat = committed === undefined ? undefined : seatOf(committed, self);
    if (progress === undefined || !isReady(agent().member) || seat?.nodes.includes(node) !== true) return;
    update();
    agent().take({ type: "replicated", node, run: progress.run, position: progress.position });
  }

  tellPrimary(): void {
    const { agent, isLogged, notify } = this.#options;
    if (this.following === undefined || agent().member.serving !== undefined) return;
    // A copy whose log cannot be written says nothing: so it is in sync no longer, even while nothing is written.
    if (!isLogged()) return;
    const { durable, keptPosition } = agent().member;
    notify(this.following, noticeKinds.progress, writeProgress({ run: durable.run, position: keptPosition }));
  }
}
