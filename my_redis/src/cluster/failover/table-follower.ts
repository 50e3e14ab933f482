import type { Services } from "../../dispatch/context.ts";
import type { StoredTable } from "../agreement/durable.ts";
import { type RingTable, seatOf } from "../agreement/ring-table.ts";
import type { OutgoingLinks } from "../link/outgoing-links.ts";
import type { Members } from "../members.ts";
import type { RingMembership } from "./ring-membership.ts";
import { arrangementOf, differenceOf } from "./seat-plan.ts";

export interface TableFollowerOptions {
  readonly server: Pick<Services, "environment" | "settings">;
  readonly members: Members;
  readonly outgoing: Pick<OutgoingLinks, "follow">;
  readonly ring: RingMembership;
  /** The owners of slots have changed, as this node has learned. */
  readonly rolesChanged: () => void;
}

/** Lets the members, the links and the owners of slots follow the ring's table. */
export class TableFollower {
  readonly #options: TableFollowerOptions;
  #failovers = 0;

  constructor(options: TableFollowerOptions) {
    this.#options = options;
  }

  /** How often a place has got another primary. */
  get failovers(): number {
    return this.#failovers;
  }

  /** Goes on in the ring of before, or looks for one. `begins`: this node and all others of its plan can begin a ring. */
  start({ term, table }: StoredTable, begins: () => void): void {
    const { members, outgoing, ring, server } = this.#options;
    ring.on({ begins, changed: () => outgoing.follow() });
    if (term === 0) {
      // Nobody owns slots before a ring has begun, or has taken this node in.
      members.arrange({ seats: [], owners: [], others: members.view.names });
      return ring.start("planning");
    }
    const difference = differenceOf(table, server.settings.values);
    if (difference !== undefined) server.environment.report("notice", difference);
    ring.start(seatOf(table, members.name) === undefined ? "outside" : "member");
    this.#arrange(table);
  }

  follow(table: RingTable): void {
    const { members, ring, rolesChanged } = this.#options;
    const { owners: before, primaries, seats } = members;
    this.#arrange(table);
    ring.learn(seatOf(table, members.name) !== undefined);
    const isSameRing = seats.join(" ") === members.seats.join(" ");
    if (isSameRing && members.primaries.some((node, seat) => node !== primaries[seat])) this.#failovers++;
    if (members.owners !== before) rolesChanged();
  }

  #arrange(table: RingTable): void {
    this.#options.members.arrange(arrangementOf(table));
    this.#options.outgoing.follow();
  }
}
