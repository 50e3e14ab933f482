import type { Services } from "../../dispatch/context.ts";
import type { AnnouncedEndpoints } from "../announced-endpoints.ts";
import type { Disputes } from "../disputes.ts";
import type { RingTable } from "../agreement/ring-table.ts";
import type { RingMembership } from "../failover/ring-membership.ts";
import type { Members } from "../members.ts";
import type { LinkClock } from "./link-clock.ts";
import { linkVersion, type NodeIntroduction } from "./link-greeting.ts";

interface IntroductionParts {
  readonly members: Members;
  readonly disputes: Disputes;
  readonly clock: LinkClock;
  readonly endpoints: AnnouncedEndpoints;
  /** Undefined on a ring whose members are fixed. */
  readonly ring: RingMembership | undefined;
}

/** Describes this node in a greeting, and decides whether it accepts what other nodes say of themselves. */
export class Introductions {
  readonly #members: Members;
  readonly #disputes: Disputes;
  readonly #clock: LinkClock;
  readonly #endpoints: AnnouncedEndpoints;
  readonly #ring: RingMembership | undefined;
  readonly #server: Pick<Services, "process" | "settings">;

  constructor(server: Pick<Services, "process" | "settings">, parts: IntroductionParts) {
    this.#server = server;
    this.#members = parts.members;
    this.#disputes = parts.disputes;
    this.#clock = parts.clock;
    this.#endpoints = parts.endpoints;
    this.#ring = parts.ring;
  }

  /** This node's own name. */
  get name(): string {
    return this.#members.name;
  }

  own(): NodeIntroduction {
    const { values } = this.#server.settings;
    return {
      version: linkVersion,
      name: this.name,
      runId: this.#server.process.runId,
      databases: values.databases,
      view: this.#members.view,
      ...(this.#ring === undefined ? {} : { ring: this.#ring.greeting }),
      announced: this.#endpoints.own(),
    };
  }

  /** Takes in what another node says of itself. Gives the reason why there can be no link with it, or undefined. */
  meet(other: NodeIntroduction): string | undefined {
    const own = this.own();
    this.#endpoints.take(other.name, other.announced ?? {});
    // Both nodes must know of a dispute, whether there is a link or not.
    if (this.#ring === undefined) this.#disputes.compare(other.name, other.view, this.#clock.monotonicMs());
    const difference = this.#differenceFrom(other);
    if (difference !== undefined) return difference;
    if (this.#ring !== undefined) {
      return this.#ring.meet({ name: other.name, members: other.view.names, ring: other.ring });
    }
    if (other.ring !== undefined) return `it has '${other.ring.terms}', we have 'cluster-members fixed'`;
    if (!this.#members.has(other.name)) return `${other.name} is not among our peers`;
    return other.view.names.includes(own.name) ? undefined : `${own.name} is not among its peers`;
  }

  /** What a node is told that belonged to a ring, and is no member of this one any more; undefined for others. */
  tableWithout({ name, ring }: NodeIntroduction): RingTable | undefined {
    return ring === undefined || ring.plan !== undefined ? undefined : this.#ring?.tableWithout(name);
  }

  /** Another node says that this one is no member of the ring any more, whose table this is. */
  toldOf(table: RingTable): void {
    this.#ring?.toldOf(table);
  }

  /** Why the node that has answered at the address `name` cannot become a member by that name, or undefined. */
  whyNoMember(name: string, other: NodeIntroduction): string | undefined {
    if (other.name !== name) return `the node at ${name} is ${other.name}: only its own name can be added`;
    const difference = this.#differenceFrom(other) ?? this.#ring?.differenceFrom(other.ring);
    return difference === undefined ? undefined : `node ${name} cannot be a member: ${difference}`;
  }

  /** What keeps two nodes apart, whoever the members are. */
  #differenceFrom({ version, databases }: NodeIntroduction): string | undefined {
    const own = this.own();
    if (version !== own.version) return `its version of links is ${version}, ours ${own.version}`;
    return databases === own.databases ? undefined : `it has ${databases} databases, we have ${own.databases}`;
  }
}
