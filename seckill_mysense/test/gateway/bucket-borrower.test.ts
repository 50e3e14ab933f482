import { describe, expect, test } from "bun:test";
import { splitIntoBuckets } from "../../src/domain/buckets.ts";
import type { ProductRecord, SaleRecord } from "../../src/domain/sale.ts";
import { BucketBorrower } from "../../src/gateway/bucket-borrower.ts";
import type { CatalogueProduct } from "../../src/gateway/catalogue-product.ts";
import type { GateAnswer } from "../../src/gateway/gate-calls.ts";
import type { GateStatus } from "../../src/gate/gate.ts";
import type { UnitMove } from "../../src/ledger/changes.ts";
import { testProduct } from "../fakes/test-gateway.ts";

const sale: SaleRecord = {
  ...{ id: "spring", title: "Spring", startsAtMs: 0, endsAtMs: 10_000 },
  ...{ state: "published", paused: false, version: 1 },
};
const soldOut = { kind: "sold_out", epoch: 1, left: 0 } as const;

/** Buckets with so many free units each, and a borrower whose moves only the given buckets may give. */
function open(free: readonly number[], mayGive: (move: UnitMove) => boolean = () => true, waiting?: string) {
  const units = new Map<string, number>();
  const total = free.reduce((sum, one) => sum + one, 0);
  const entries = splitIntoBuckets({ ...testProduct, total }, free.length).map((product, index) => {
    units.set(product.id, free[index]!);
    return {
      sale,
      product: { ...product, total: free[index]!, paused: false, revision: 1, lowering: undefined },
      available: free[index]!,
    } as unknown as CatalogueProduct;
  });
  for (const entry of entries) entry.buckets = entries;
  const moves: UnitMove[] = [];
  const borrower = new BucketBorrower({
    gate: {
      status: async (_, id) =>
        ({
          open: true,
          verified: true,
          epoch: 1,
          waiting: id === waiting,
          total: units.get(id),
          available: units.get(id),
        }) as unknown as GateStatus,
    },
    changes: {
      askForMove: async (move) => {
        if (!mayGive(move)) return undefined;
        moves.push(move);
        units.set(move.from, units.get(move.from)! - move.units);
        units.set(move.to, units.get(move.to)! + move.units);
        return { sale, product: {} as ProductRecord };
      },
    },
    amend: async () => ({ kind: "current" }),
    elapsedMs: () => 0,
  });
  /** What a buyer of the first bucket is told in the end. */
  const ask = (quantity: number): Promise<GateAnswer> =>
    borrower.reserve(entries[0]!, {
      quantity,
      ask: async () => {
        const left = units.get(entries[0]!.product.id)!;
        if (left < quantity) return { ...soldOut, left };
        units.set(entries[0]!.product.id, left - quantity);
        return { kind: "ended" };
      },
    });
  return { ask, moves };
}

describe("units from the other buckets", () => {
  test("somebody who wants one unit is not told what somebody was told who wants more than there are", async () => {
    const { ask } = open([0, 3]);
    const [five, one] = await Promise.all([ask(5), ask(1)]);
    expect(five).toMatchObject({ kind: "sold_out", left: 3 });
    expect(one).toEqual({ kind: "ended" });
  });

  test("come from another bucket if the fullest one cannot give any now", async () => {
    const { ask, moves } = open([0, 9, 4], ({ from }) => from !== "headphones#1");
    expect(await ask(1)).toEqual({ kind: "ended" });
    expect(moves).toEqual([{ from: "headphones#2", to: "headphones", units: 2 }]);
  });

  test("a buyer behind those who wait is told sold out only if the other buckets have nothing", async () => {
    const all = (): boolean => true;
    expect(await open([0, 0], all, "headphones").ask(1)).toMatchObject({ kind: "sold_out", left: 0 });
    expect(await open([0, 50], all, "headphones").ask(1)).toEqual({ kind: "busy" });
  });
});
