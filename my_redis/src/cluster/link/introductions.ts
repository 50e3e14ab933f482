import type { Services } from "../../dispatch/context.ts";
import type { AnnouncedEndpoints } from "../announced-endpoints.ts";
import type { Disputes } from "../disputes.ts";
import { failoverTerms } from "../failover/seat-plan.ts";
import type { Members } from "../members.ts";
import type { LinkClock } from "./link-clock.ts";
import { linkVersion, type NodeIntroduction } from "./link-greeting.ts";

/** Describes this node in a greeting, and decides whether it accepts what other nodes say of themselves. */
export class Introductions {
  readonly #members: Members;
  readonly #disputes: Disputes;
  readonly #clock: LinkClock;
  readonly #endpoints: AnnouncedEndpoints;
  readonly #server: Pick<Services, "process" | "settings">;

  constructor(
    server: Pick<Services, "process" | "settings">,
    parts: {
      readonly members: Members;
      readonly disputes: Disputes;
      readonly clock: LinkClock;
      readonly endpoints: AnnouncedEndpoints;
    },
  ) {
    this.#server = server;
    this.#members = parts.members;
    this.#disputes = parts.disputes;
    this.#clock = parts.clock;
    this.#endpoints = parts.endpoints;
  }

  /** This node's own name. */
  get name(): string {
    return this.#members.names[this.#members.self] as string;
  }

  own(): NodeIntroduction {
    const { names, replicas, virtualNodes, pointsPerVirtualNode } = this.#members;
    const { values } = this.#server.settings;
    return {
      version: linkVersion,
      name: this.name,
      runId: this.#server.process.runId,
      databases: values.databases,
      view: { names, virtualNodes, pointsPerVirtualNode, ...(replicas === undefined ? {} : { replicas }) },
      ...(replicas === undefined ? {} : { failoverTerms: failoverTerms(values) }),
      announced: this.#endpoints.own(),
    };
  }

  /**
   * Takes in what another node says of itself. Gives the reason why there can be no link with it, or undefined. Its list
   * of members is compared in either case: both nodes must know of a dispute.
   */
  meet(other: NodeIntroduction): string | undefined {
    const own = this.own();
    this.#endpoints.take(other.name, other.announced ?? {});
    this.#disputes.compare(other.name, other.view, this.#clock.monotonicMs());
    if (other.version !== own.version) return `its version of links is ${other.version}, ours ${own.version}`;
    if (!this.#members.names.includes(other.name)) return `${other.name} is not among our peers`;
    if (!other.view.names.includes(own.name)) return `${own.name} is not among its peers`;
    // Nodes that differ in this would not agree on who serves, or would not end to serve in time.
    if (other.failoverTerms !== own.failoverTerms) {
      return `it has '${other.failoverTerms ?? "no cluster-replicas"}', we have '${own.failoverTerms ?? "no cluster-replicas"}'`;
    }
    if (other.databases !== own.databases) return `it has ${other.databases} databases, we have ${own.databases}`;
    return undefined;
  }
}
