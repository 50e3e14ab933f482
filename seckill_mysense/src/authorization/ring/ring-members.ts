import { HashRing } from "hash-ring";
import { parseNodeName } from "./node-name.ts";
import type { PeerLink } from "./peer-link.ts";

export interface RingMembersOptions {
  readonly selfName: string;
  /** Names from config.json: they are called for ever. */
  readonly seeds: readonly string[];
  /** Including this gateway. */
  readonly maxMembers: number;
  /** Names that other gateways sent are forgotten after they have been away for this long. */
  readonly forgetAfterMs: number;
  readonly openLink: (name: string) => PeerLink;
}

/**
 * The gateways that this one knows, and the ring of those that it can reach. The owner of a user follows only from
 * the reachable gateways. So all gateways that reach each other agree without an election.
 */
export class RingMembers {
  readonly #options: RingMembersOptions;
  readonly #links = new Map<string, PeerLink>();
  readonly #seeds: ReadonlySet<string>;
  #ring: HashRing;
  #version = 0;

  constructor(options: RingMembersOptions) {
    this.#options = options;
    this.#seeds = new Set(options.seeds);
    this.#ring = new HashRing([options.selfName]);
    for (const name of options.seeds) this.add(name);
  }

  get links(): Iterable<PeerLink> {
    return this.#links.values();
  }

  /** Counts the changes of the ring. */
  get version(): number {
    return this.#version;
  }

  /** The names on the ring: this gateway, and those that it can reach. */
  get onRing(): readonly string[] {
    return this.#ring.nodes.map(({ name }) => name);
  }

  /** Including this gateway, and those that are away. */
  get count(): number {
    return this.#links.size + 1;
  }

  ownerOf(userId: string): string {
    return this.#ring.owner(userId);
  }

  /** The connection to the user's owner; undefined when this gateway itself is the one. */
  ownerLink(userId: string): PeerLink | undefined {
    return this.#links.get(this.#ring.owner(userId));
  }

  link(name: string): PeerLink | undefined {
    return this.#links.get(name);
  }

  /** Whether the gateway is a member now. Malformed names, and names beyond the limit, are refused. */
  add(name: string): boolean {
    if (name === this.#options.selfName) return false;
    if (this.#links.has(name)) return true;
    if (this.count >= this.#options.maxMembers || parseNodeName(name) === undefined) return false;
    this.#links.set(name, this.#options.openLink(name));
    return true;
  }

  /** To be called when a gateway has come or gone. */
  rebuild(): void {
    const names = [...this.#links.values()].filter(({ isUp }) => isUp).map(({ name }) => name);
    this.#ring = new HashRing([this.#options.selfName, ...names]);
    this.#version++;
  }

  forgetAway(): void {
    for (const [name, link] of this.#links) {
      if (this.#seeds.has(name) || link.awayForMs <= this.#options.forgetAfterMs) continue;
      link.close();
      this.#links.delete(name);
    }
  }
}
