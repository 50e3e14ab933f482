import type { TransactionResult } from "../../src/cluster/transaction/coordinator.ts";
import { ownerOf } from "../../src/cluster/agreement/slot-map.ts";
import { type Write, writesIn } from "./data-copy.ts";
import type { Answer, RingNode, WriteAcross } from "./simulated-world.ts";
import type { RingTable } from "../../src/cluster/agreement/ring-table.ts";

interface Known {
  readonly slots: readonly number[];
  result: TransactionResult["type"] | undefined;
  isShown: boolean;
}

const isCertain: Readonly<Record<TransactionResult["type"], boolean>> = {
  ...{ done: true, unknown: false },
  // In all of these cases the client is told that nothing was changed.
  ...{ refused: true, contended: true, unreachable: true },
};

/** Compares writes across seats with what the ring promises about them: all or nothing, and no client sees a half. */
export class AcrossWitness {
  readonly #fail: (problem: string) => void;
  readonly #writes = new Map<Write, Known>();
  /** For each slot, the writes that it must show from then on. */
  readonly #shown = new Map<number, Write[]>();

  constructor(fail: (problem: string) => void) {
    this.#fail = fail;
  }

  countOf(slot: number): number {
    return this.#shown.get(slot)?.length ?? 0;
  }

  begun({ slots, write }: WriteAcross): void {
    this.#writes.set(write, { slots, result: undefined, isShown: false });
  }

  done({ write }: WriteAcross, { type }: TransactionResult): void {
    const known = this.#writes.get(write)!;
    if (known.result !== undefined) this.#fail(`R15: write ${write} is answered twice`);
    known.result = type;
    if (type === "done") this.#show(write, known);
    else if (known.isShown && isCertain[type])
      this.#fail(`R15: write ${write} is seen, and its client is told ${type}`);
  }

  #show(write: Write, known: Known): void {
    if (known.isShown) return;
    known.isShown = true;
    for (const slot of known.slots) {
      const shown = this.#shown.get(slot) ?? [];
      this.#shown.set(slot, shown);
      shown.push(write);
    }
  }

  /** R15: once one slot shows a write, or its client was told so, no other slot shows what was there before. */
  onAnswer({ slot, seen, expectedAcross }: Answer): void {
    if (this.#writes.size === 0) return;
    const has = new Set(seen);
    const missing = (this.#shown.get(slot) ?? []).slice(0, expectedAcross).find((write) => !has.has(write));
    if (missing !== undefined)
      this.#fail(`R15: slot ${slot} does not show write ${missing} across seats, and another slot does`);
    const twice = seen.find((write, at) => this.#writes.has(write) && seen.indexOf(write) < at);
    if (twice !== undefined) this.#fail(`R15: slot ${slot} has write ${twice} across seats twice`);
    for (const write of seen) {
      const known = this.#writes.get(write);
      if (known === undefined || known.isShown) continue;
      if (known.result !== undefined && isCertain[known.result]) {
        this.#fail(`R15: write ${write} is seen, and its client was told ${known.result}`);
      }
      this.#show(write, known);
    }
  }

  /** R16: no write is open any more. */
  openOne({ seats }: RingTable, node: (name: string) => RingNode): string | undefined {
    for (const name of seats.flatMap(({ nodes }) => nodes)) {
      const [record] = node(name).process?.copy.records.values() ?? [];
      if (record !== undefined) return `write ${record.id} is still open at ${name}`;
    }
    return undefined;
  }

  /** R15: in the end each write is in all of its slots, or in none. */
  halfDone({ seats, slots: map }: RingTable, node: (name: string) => RingNode): string | undefined {
    const writesOf = (slot: number): readonly Write[] => {
      const seat = seats.find(({ name }) => map !== undefined && name === ownerOf(map, slot));
      const copy = seat === undefined ? undefined : node(seat.primary.node).process?.copy;
      return copy === undefined ? [] : writesIn(copy, slot);
    };
    for (const [write, { slots, result }] of this.#writes) {
      const count = slots.filter((slot) => writesOf(slot).includes(write)).length;
      if (count > 0 && count < slots.length) return `write ${write} is in ${count} of its ${slots.length} slots`;
      if (result === undefined || !isCertain[result]) continue;
      if ((count === 0) === (result === "done"))
        return `write ${write} is in ${count} slots, and its client was told ${result}`;
    }
    return undefined;
  }
}
