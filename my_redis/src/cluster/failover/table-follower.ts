import type { Services } from "../../dispatch/context.ts";
import type { StoredTable } from "../agreement/durable.ts";
import type { RingTable } from "../agreement/ring-table.ts";
import type { OutgoingLinks } from "../link/outgoing-links.ts";
import type { Members } from "../members.ts";
import { belongs, type MembershipEvents, type RingMembership } from "./ring-membership.ts";
import { arrangementOf, differenceOf } from "./seat-plan.ts";

export interface TableFollowerOptions {
  readonly server: Pick<Services, "environment" | "settings">;
  readonly members: Members;
  readonly outgoing: Pick<OutgoingLinks, "follow">;
  readonly ring: RingMembership;
  /** The owners of slots have changed, as this node has learned. */
  readonly rolesChanged: () => void;
  /** Whether nothing is half done that needs the table before. */
  readonly mayFollow: () => boolean;
  /** Members, links and owners are those of this table now. */
  readonly followed: (table: RingTable) => void;
}

/** Lets the members, the links and the owners of slots follow the ring's table. */
export class TableFollower {
  readonly #options: TableFollowerOptions;
  #failovers = 0;
  /** A table that is committed, and that this node does not go by yet. */
  #awaited: RingTable | undefined;

  constructor(options: TableFollowerOptions) {
    this.#options = options;
  }

  /** How often a place has got another primary. */
  get failovers(): number {
    return this.#failovers;
  }

  /** Goes on in the ring of before, or looks for one. */
  start({ term, table }: StoredTable, events: Pick<MembershipEvents, "begins" | "left">): void {
    const { members, outgoing, ring, server } = this.#options;
    ring.on({ ...events, changed: () => outgoing.follow() });
    if (term === 0) {
      // Nobody owns slots before a ring has begun, or has taken this node in.
      members.arrange({ seats: [], owners: [], others: members.view.names });
      return ring.start("planning");
    }
    const difference = differenceOf(table, server.settings.values);
    if (difference !== undefined) server.environment.report("notice", difference);
    ring.start(belongs(table, members.name) ? "member" : "outside");
    this.#arrange(table);
  }

  /** This table is committed: the node goes by it now, or in one of the next calls of `look`. */
  committed(table: RingTable): void {
    this.#awaited = table;
    this.look();
  }

  look(): void {
    const table = this.#awaited;
    if (table === undefined || !this.#options.mayFollow()) return;
    this.#awaited = undefined;
    this.#follow(table);
    this.#options.followed(table);
  }

  #follow(table: RingTable): void {
    const { members, ring, rolesChanged } = this.#options;
    const { owners: before, primaries, seats } = members;
    this.#arrange(table);
    ring.learn(table);
    const isSameRing = seats.join(" ") === members.seats.join(" ");
    if (isSameRing && members.primaries.some((node, seat) => node !== primaries[seat])) this.#failovers++;
    if (members.owners !== before) rolesChanged();
  }

  #arrange(table: RingTable): void {
    this.#options.members.arrange(arrangementOf(table));
    this.#options.outgoing.follow();
  }
}
