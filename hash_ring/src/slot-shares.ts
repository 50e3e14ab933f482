interface Start {
  readonly weights: readonly number[];
  /** For each slot a node's place, or -1. */
  readonly owners: Int32Array;
  readonly tolerance: number;
}

/** How many slots each node has, and how many it may, and has to, give or take. */
export class Shares {
  readonly #share: readonly number[];
  readonly #least: readonly number[];
  readonly #most: readonly number[];
  /** Pieces are not smaller, unless the tolerance leaves no room: each may be a range more. */
  readonly #grain: readonly number[];
  readonly #have: number[];
  /** What a node with too little has to take, and what a node with too much has to give. A new node takes its share. */
  readonly #wants: number[];
  readonly #excess: number[];
  #unowned: number;
  /** The sums of the above: `#toGive` with the slots that nobody owns. */
  #toTake: number;
  #toGive: number;

  constructor({ weights, owners, tolerance }: Start) {
    const sum = weights.reduce((total, weight) => total + weight, 0);
    this.#share = weights.map((weight) => (owners.length * weight) / sum);
    this.#least = this.#share.map((share) => Math.min(Math.floor(share), Math.ceil(share * (1 - tolerance))));
    this.#most = this.#share.map((share) => Math.max(Math.ceil(share), Math.floor(share * (1 + tolerance))));
    this.#grain = this.#share.map((share) => Math.max(1, Math.floor(share * tolerance)));
    this.#have = weights.map(() => 0);
    this.#unowned = 0;
    for (const owner of owners) {
      if (owner < 0) this.#unowned++;
      else this.#have[owner]!++;
    }
    this.#wants = this.#have.map((have, node) =>
      have === 0 ? Math.floor(this.#share[node]!) : Math.max(0, this.#least[node]! - have),
    );
    this.#excess = this.#have.map((have, node) => Math.max(0, have - this.#most[node]!));
    this.#toTake = total(this.#wants);
    this.#toGive = total(this.#excess) + this.#unowned;
  }

  areSettled(): boolean {
    return this.#toTake === 0 && this.#toGive === 0;
  }

  /** How many slots of this node may go in one piece. Beyond what it has to give, only those go that others have to take. */
  gives(node: number): number {
    if (node < 0) return this.#unowned;
    if (this.#wants[node]! > 0) return 0;
    const have = this.#have[node]!;
    const may = Math.min(have - this.#least[node]!, this.#atLeastGrain(node, have - Math.ceil(this.#share[node]!)));
    return within(this.#excess[node]!, may, this.#toTake - this.#toGive);
  }

  takes(node: number): number {
    if (this.#excess[node]! > 0) return 0;
    const have = this.#have[node]!;
    const may = Math.min(this.#most[node]! - have, this.#atLeastGrain(node, Math.floor(this.#share[node]!) - have));
    return within(this.#wants[node]!, may, this.#toGive - this.#toTake);
  }

  /** Of those that take at all, the node with the least in relation to its share. */
  neediest(): number | undefined {
    let needy: number | undefined;
    for (const node of this.#have.keys()) {
      if (this.takes(node) === 0) continue;
      if (needy === undefined || this.loadOf(node) < this.loadOf(needy)) needy = node;
    }
    return needy;
  }

  /** How full a node is: 1 means its share. Slots that nobody owns go first. */
  loadOf(node: number): number {
    return node < 0 ? Number.MAX_VALUE : this.#have[node]! / this.#share[node]!;
  }

  move(from: number, to: number, count: number): void {
    if (from < 0) {
      this.#unowned -= count;
      this.#toGive -= count;
    } else {
      this.#have[from]! -= count;
      this.#toGive -= this.#lower(this.#excess, from, count);
    }
    this.#have[to]! += count;
    this.#toTake -= this.#lower(this.#wants, to, count);
  }

  #lower(counts: number[], node: number, by: number): number {
    const change = Math.min(counts[node]!, by);
    counts[node]! -= change;
    return change;
  }

  #atLeastGrain(node: number, count: number): number {
    return Math.max(count, this.#grain[node]!);
  }
}

/** What must be, and as much of what may be as others need beyond what they get in any case. */
const within = (must: number, may: number, needed: number): number => must + Math.max(0, Math.min(may - must, needed));

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
