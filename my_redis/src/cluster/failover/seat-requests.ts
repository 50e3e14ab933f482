import type { Context, Services } from "../../dispatch/context.ts";
import { HeldRequests } from "../../dispatch/held-requests.ts";
import { Refusal } from "../../dispatch/outcome.ts";
import type { Members } from "../members.ts";
import { routeErrors } from "../routing/route-errors.ts";
import type { RingMembership } from "./ring-membership.ts";
import type { Arguments } from "../../protocol/arguments.ts";

export interface SeatRequestsOptions {
  readonly server: Services;
  /** Without places while this node belongs to no ring. */
  readonly members: Pick<Members, "seats">;
  readonly ring: Pick<RingMembership, "state">;
  /** How long a request waits for the lease of this node, or for another primary. */
  readonly patienceMs: number;
  /** Whether this node has its lease, and only its log cannot be written. */
  readonly lacksLogOnly: () => boolean;
}

interface Task {
  readonly sinceMs: number;
  readonly run: (refusal: string | undefined) => void;
}

export const notNow =
  "CLUSTERDOWN This node may not serve the hash slot at this moment: the command was not carried out";

/** At most so many requests wait at a time. */
const maxWaiting = 10_000;

/** Requests that have come while this node may not serve its place: they wait, and are then run, sent on or refused. */
export class SeatRequests {
  readonly #options: SeatRequestsOptions;
  readonly #requests: HeldRequests;
  readonly #sinceMs = new Map<Context, number>();
  /** The request that runs again, and since when it has waited. */
  #resumed: { readonly args: Arguments | undefined; readonly sinceMs: number } | undefined;
  #tasks: Task[] = [];

  constructor(options: SeatRequestsOptions) {
    this.#options = options;
    this.#requests = new HeldRequests(options.server, { countsAsBlocked: true });
  }

  get count(): number {
    return this.#sinceMs.size + this.#tasks.length;
  }

  get #nowMs(): number {
    return this.#options.server.environment.monotonicMs();
  }

  get overdueText(): string {
    const { lacksLogOnly, members, patienceMs } = this.#options;
    if (this.#hasLeft) return routeErrors.left;
    if (members.seats.length === 0) return routeErrors.noRing;
    const lack = lacksLogOnly() ? "not been able to write its log" : "had no lease of a majority";
    return `CLUSTERDOWN The primary of this place on the ring has ${lack} for ${patienceMs} ms`;
  }

  /** Then there is nothing to wait for. */
  get #hasLeft(): boolean {
    return this.#options.ring.state === "outside";
  }

  hold(context: Context, args: Arguments): "held" | Refusal {
    if (this.#hasLeft) return new Refusal(routeErrors.left);
    if (this.count >= maxWaiting) {
      return new Refusal(`CLUSTERDOWN More than ${maxWaiting} requests wait for the lease of this node`);
    }
    const sinceMs = this.#resumed?.args === args ? this.#resumed.sinceMs : this.#nowMs;
    if (this.#nowMs - sinceMs > this.#options.patienceMs) return new Refusal(this.overdueText);
    this.#sinceMs.set(context, sinceMs);
    return this.#requests.hold(context, args);
  }

  /** Runs something that is no client's request when this node may serve, or says why it may not. */
  whenServing(run: (refusal: string | undefined) => void, sinceMs = this.#nowMs): void {
    if (this.count >= maxWaiting) run(this.overdueText);
    else this.#tasks.push({ sinceMs, run });
  }

  /** The same, at once if `isTime`, and judged anew each time until it is. */
  whenever(isTime: () => boolean, run: (refusal: string | undefined) => void): void {
    const sinceMs = this.#nowMs;
    const attempt = (refusal: string | undefined): void => {
      if (refusal !== undefined || isTime()) run(refusal);
      else this.whenServing(attempt, sinceMs);
    };
    attempt(undefined);
  }

  /** Judges all of them anew. */
  release(): void {
    if (this.count === 0) return;
    const waiting = [...this.#sinceMs];
    this.#sinceMs.clear();
    for (const [context, sinceMs] of waiting) {
      this.#resumed = { args: this.#requests.requestOf(context), sinceMs };
      this.#requests.release(context);
    }
    this.#resumed = undefined;
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const { run } of tasks) run(undefined);
  }

  /** Refuses what has waited for too long; to be called every now and then. */
  refuseOverdue(): void {
    const overdueSinceMs = this.#nowMs - this.#options.patienceMs;
    for (const [context, sinceMs] of this.#sinceMs) {
      if (sinceMs > overdueSinceMs && !context.client.gone) continue;
      this.#sinceMs.delete(context);
      this.#requests.refuse(context, this.overdueText);
    }
    const tasks = this.#tasks;
    this.#tasks = tasks.filter(({ sinceMs }) => sinceMs > overdueSinceMs);
    for (const { sinceMs, run } of tasks) if (sinceMs <= overdueSinceMs) run(this.overdueText);
  }
}
