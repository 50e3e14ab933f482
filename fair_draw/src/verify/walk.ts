import { fromHex } from "../bytes.ts";
import { type DisclosureHeader, isDraw } from "../disclosure/header.ts";
import { type Entry, leafOf, pseudonymBytes } from "../entry.ts";
import { HashColumn } from "../hash-column.ts";
import { nextHead } from "../line.ts";
import { MerkleRoot } from "../merkle-root.ts";
import { DrawnOrder } from "../order.ts";
import { publicValueBytes } from "../public-value/public-value.ts";
import { hashRules } from "../rules.ts";
import { seedOf } from "../seed.ts";
import type { Sha256 } from "../sha256.ts";

/** An entry that breaks a rule, as the first of its kind, and how many there are. */
export interface Offence {
  readonly first: string;
  readonly count: number;
}

/** Which entries and heads have to be remembered, by number. All others are forgotten at once. */
export interface Wanted {
  readonly entries: ReadonlySet<number>;
  readonly heads: ReadonlySet<number>;
}

/** Goes over a disclosure once, and computes everything that has to be compared. */
export class Walk {
  readonly disclosed: DisclosureHeader;
  readonly rulesHash: Uint8Array;
  /** How many are drawn, if the announcement is right. */
  readonly drawnCount: number;
  readonly keptEntries = new Map<number, Entry>();
  readonly keptHeads = new Map<number, Uint8Array>();
  head: Uint8Array;
  headAtClose: Uint8Array;
  wrongNumber: Offence | undefined;
  wrongTime: Offence | undefined;
  #count = 0;
  readonly #wanted: Wanted;
  readonly #sha256: Sha256;
  readonly #tree: MerkleRoot;
  readonly #order: DrawnOrder | undefined;
  readonly #pseudonyms = new HashColumn(pseudonymBytes);

  constructor(header: DisclosureHeader, wanted: Wanted, sha256: Sha256) {
    this.disclosed = header;
    this.#wanted = wanted;
    this.#sha256 = sha256;
    this.#tree = new MerkleRoot(sha256);
    this.rulesHash = hashRules(header.rules, sha256);
    this.head = this.rulesHash;
    this.headAtClose = this.rulesHash;
    this.drawnCount = isDraw(header) ? header.announcement.count : 0;
    // The root is the announced one here. Whether it is that of the entries is known at the end.
    this.#order = isDraw(header) ? new DrawnOrder(this.#seedOf(header), sha256) : undefined;
    this.#keepHead();
  }

  #seedOf({ secret, announcement, publicValue }: Extract<DisclosureHeader, { secret: string }>): Uint8Array {
    const [rules, root] = [this.rulesHash, fromHex(announcement.root)];
    const parts = { rules, secret: fromHex(secret), root, publicValue: publicValueBytes(publicValue) };
    return seedOf(parts, this.#sha256);
  }

  get count(): number {
    return this.#count;
  }

  entry(entry: Entry): void {
    this.#count++;
    if (entry.number !== this.#count) {
      this.wrongNumber = offence(this.wrongNumber, `entry ${this.#count} has the number ${entry.number}`);
    }
    const problem = this.#timeProblem(entry);
    if (problem !== undefined) this.wrongTime = offence(this.wrongTime, `entry ${this.#count} ${problem}`);
    const leaf = leafOf(this.rulesHash, entry, this.#sha256);
    this.head = nextHead(this.head, leaf, this.#sha256);
    if (this.#count <= this.drawnCount) {
      this.#tree.add(leaf);
      this.#order?.add(leaf);
      this.headAtClose = this.head;
    }
    this.#pseudonyms.add(entry.pseudonym);
    if (this.#wanted.entries.has(this.#count)) this.keptEntries.set(this.#count, entry);
    this.#keepHead();
  }

  #keepHead(): void {
    if (this.#wanted.heads.has(this.#count)) this.keptHeads.set(this.#count, this.head);
  }

  #timeProblem({ time }: Entry): string | undefined {
    const { rules } = this.disclosed;
    if (time < rules.opensAt) return `has the time ${time}, before the entry opened at ${rules.opensAt}`;
    if (rules.mode === "queue") return undefined;
    const isDrawn = this.#count <= this.drawnCount;
    if (isDrawn && time >= rules.closesAt) return `is drawn with the time ${time}, not before ${rules.closesAt}`;
    if (!isDrawn && time < rules.closesAt) return `is not drawn, with the time ${time}, before ${rules.closesAt}`;
    return undefined;
  }

  root(): Uint8Array {
    return this.#tree.root();
  }

  /** The places of the drawn entries; see DrawnOrder. */
  places(): Uint32Array {
    return this.#order?.places() ?? new Uint32Array(0);
  }

  /** Two entries with one pseudonym. */
  samePseudonym(): readonly [number, number] | undefined {
    const order = this.#pseudonyms.order();
    for (let at = 1; at < order.length; at++) {
      const [before, after] = [order[at - 1] as number, order[at] as number];
      if (this.#pseudonyms.compare(before, after) === 0) {
        return [Math.min(before, after) + 1, Math.max(before, after) + 1];
      }
    }
    return undefined;
  }
}

const offence = (before: Offence | undefined, first: string): Offence => ({
  first: before?.first ?? first,
  count: (before?.count ?? 0) + 1,
});
