import { allNodesOf, nodesOf, type RingTable } from "../agreement/ring-table.ts";
import type { Members } from "../members.ts";

/** What nodes of a ring that agrees on its members say of it in their greetings. */
export interface RingGreeting {
  /** What all nodes must have in common from their start on. */
  readonly terms: string;
  /** With which nodes this one wants to begin a ring. Missing when it belongs to one, or to one that has let it go. */
  readonly plan?: string;
}

/** Another node, as far as its greeting says. */
export interface GreetedNode {
  readonly name: string;
  /** The members that it knows. */
  readonly members: readonly string[];
  readonly ring: RingGreeting | undefined;
}

export interface RingMembershipOptions {
  readonly members: Members;
  readonly greeting: Required<RingGreeting>;
  readonly report: (message: string) => void;
}

export interface MembershipEvents {
  /** A ring of all nodes of the plan can begin. */
  readonly begins: () => void;
  /** There may be other members. */
  readonly changed: () => void;
  /** The ring with this table has let this node go while it was away. */
  readonly left: (table: RingTable) => void;
}

const maxTableBytes = 256 * 1024;

/** Whether a ring counts on a node: as one that has a place, or is to have one. */
export const belongs = ({ seats }: RingTable, node: string): boolean =>
  seats.some((seat) => allNodesOf(seat).includes(node));

/**
 * - `starting`: ring.state has not been read.
 * - `planning`: nobody has ever agreed on anything with this node. It begins a ring when it has met all others of its plan,
 *   and is taken in by any ring that has it among its members.
 * - `member`: of a ring, whose table says who the others are.
 * - `outside`: the ring has let it go. It may be taken in again, by any ring.
 */
type State = "starting" | "planning" | "member" | "outside";

/** Whether this node belongs to a ring, and to whom it links. */
export class RingMembership {
  readonly #options: RingMembershipOptions;
  /** Nodes with the same plan that were met. */
  readonly #met = new Set<string>();
  #state: State = "starting";
  #begins: () => void = () => {};
  #memberChanged: () => void = () => {};
  #left: (table: RingTable) => void = () => {};
  /** What the ring has agreed on, as far as this node knows. */
  #table: RingTable | undefined;

  constructor(options: RingMembershipOptions) {
    this.#options = options;
  }

  get state(): State {
    return this.#state;
  }

  get greeting(): RingGreeting {
    const { terms, plan } = this.#options.greeting;
    return this.#state === "starting" || this.#state === "planning" ? { terms, plan } : { terms };
  }

  on({ begins, changed, left }: MembershipEvents): void {
    this.#begins = begins;
    this.#memberChanged = changed;
    this.#left = left;
  }

  /** ring.state has been read. */
  start(state: "planning" | "member" | "outside"): void {
    this.#state = state;
    this.#look();
  }

  /** By the ring's table. */
  learn(table: RingTable): void {
    const wasMember = this.#state === "member";
    this.#table = table;
    this.#state = belongs(table, this.#options.members.name) ? "member" : "outside";
    if (wasMember && this.#state === "outside") this.#options.report("this node is no member of the ring any more");
  }

  /** The table for a node that was a member once and is none; undefined for others. */
  tableWithout(name: string): RingTable | undefined {
    const table = this.#table;
    if (this.#state !== "member" || table === undefined || nodesOf(table).has(name)) return undefined;
    // A greeting has a limited length. Without the table the node waits, and serves nothing either.
    return JSON.stringify(table).length <= maxTableBytes ? table : undefined;
  }

  /** Another node says that this one is no member of the ring any more, whose table this is. */
  toldOf(table: RingTable): void {
    if (this.#state === "member") this.#left(table);
  }

  /** How another node's terms differ from those of this one; undefined when they do not. */
  differenceFrom(ring: RingGreeting | undefined): string | undefined {
    const { terms } = this.#options.greeting;
    return ring?.terms === terms ? undefined : `it has '${ring?.terms ?? "cluster-members fixed"}', we have '${terms}'`;
  }

  /** Takes in what another node says. Gives the reason why there can be no link with it, or undefined. */
  meet({ name, members: others, ring }: GreetedNode): string | undefined {
    const { members } = this.#options;
    const difference = this.differenceFrom(ring);
    if (ring === undefined || difference !== undefined) return difference;
    if (this.#state === "starting") return `${members.name} is still starting`;
    const names = others.includes(members.name);
    if (ring.plan === undefined) {
      if (!names) return `${members.name} is no member of its ring: CLUSTER MEET at a member of the ring adds it`;
      if (this.#state !== "member") this.#takenInBy(name, others);
    }
    if (!members.has(name)) return `${name} is no member of this ring: CLUSTER MEET adds it`;
    if (ring.plan !== undefined && this.#state === "planning") return this.#meetPlanner(name, ring.plan);
    return undefined;
  }

  #takenInBy(name: string, others: readonly string[]): void {
    const { members, report } = this.#options;
    report(`node ${name} takes this node into its ring, with ${others.join(" ")}`);
    this.#state = "member";
    members.add(others);
    this.#memberChanged();
  }

  #meetPlanner(name: string, plan: string): string | undefined {
    if (plan !== this.#options.greeting.plan) {
      return `it wants to begin a ring with '${plan}', we with '${this.#options.greeting.plan}'`;
    }
    this.#met.add(name);
    this.#look();
    return undefined;
  }

  #look(): void {
    const { members } = this.#options;
    const isComplete = members.view.names.every((name) => name === members.name || this.#met.has(name));
    if (this.#state === "planning" && isComplete) this.#begins();
  }
}
