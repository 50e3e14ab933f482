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
  /** What the gate has of the totals, and what the ledger has of them, after changes that the catalogue does not know. */
  const [gateTotals, ledgerRows] = [new Map<string, number>(), new Map<string, Partial<ProductRecord>>()];
  const versionsAtGate = new Map<string, number>();
  let [questions, reads] = [0, 0];
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
      status: async (_, id) => {
        questions++;
        await arrivals.get(id);
        const available = units.get(id)!;
        const total = gateTotals.get(id) ?? available;
        const version = versionsAtGate.get(id) ?? 1;
        const state = { open: true, verified: true, epoch: 1, waiting: id === waiting, version };
        await answers;
        return { ...state, total, available } as unknown as GateStatus;
      },
    },
    changes: {
      buckets: async () => {
        reads++;
        return entries.map(({ product }) => ({ ...product, ...ledgerRows.get(product.id) }));
      },
      askForMove: async (move) => {
        if (!mayGive(move)) return undefined;
        moves.push(move);
        units.set(move.from, units.get(move.from)! - move.units);
        units.set(move.to, units.get(move.to)! + move.units);
        return { sale, product: {} as ProductRecord };
      },
    },
    amend: async () => ({ kind: "current" }),
    elapsedMs: () => performance.now(),
  });
  /** The gate answers no question until this is resolved. */
  let answers: Promise<void> = Promise.resolve();
  /** The gate gets no question about a bucket until this is resolved. */
  const arrivals = new Map<string, Promise<void>>();
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
  return {
    ask,
    moves,
    /** The gate of a bucket has these units, by a change that the catalogue does not know. */
    restock(id: string, count: number, version = 2): void {
      units.set(id, units.get(id)! + count);
      ledgerRows.set(id, { total: count, revision: version });
      versionsAtGate.set(id, version);
    },
    atGate: (totals: Readonly<Record<string, number>>, version: number) => {
      for (const [id, total] of Object.entries(totals)) {
        gateTotals.set(id, total);
        versionsAtGate.set(id, version);
      }
    },
    inLedger: (totals: Readonly<Record<string, number>>, revision: number) => {
      for (const [id, total] of Object.entries(totals)) ledgerRows.set(id, { total, revision });
    },
    counts: () => ({ questions, reads }),
    /** Holds the gate's answers back until the result is called. */
    holdAnswers(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      answers = promise;
      return resolve;
    },
    /** Questions about this bucket reach the gate when the result is called. */
    holdQuestions(id: string): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      arrivals.set(id, promise);
      return resolve;
    },
  };
}

const [own, second, third] = ["headphones", "headphones#1", "headphones#2"] as const;

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

  test("somebody who asks after a restock is not told what was true before it", async () => {
    const { ask, restock } = open([0, 0]);
    expect(await ask(1)).toMatchObject({ kind: "sold_out", left: 0 });
    restock(second, 1);
    expect(await ask(1)).toEqual({ kind: "ended" });
  });

  test("a reading of the gate that began before a request does not answer it", async () => {
    const { ask, restock, holdAnswers, counts } = open([0, 0]);
    await ask(1);
    const { questions } = counts();
    const answer = holdAnswers();
    const early = ask(1);
    while (counts().questions < questions + 2) await Bun.sleep(1);
    restock(second, 1);
    const late = ask(1);
    await Bun.sleep(1);
    answer();
    expect(await early).toMatchObject({ kind: "sold_out", left: 0 });
    expect(await late).toEqual({ kind: "ended" });
  });

  test("new units, sold already, do not hide a unit between two buckets", async () => {
    const { ask, atGate, inLedger } = open([0, 0, 0]);
    // Three units have come, one for each bucket. The one of the third bucket is on its way to the second.
    inLedger({ [own]: 1, [second]: 2, [third]: 0 }, 3);
    atGate({ [own]: 1, [second]: 1, [third]: 0 }, 3);
    expect(await ask(1)).toEqual({ kind: "busy" });
    atGate({ [second]: 2 }, 3);
    expect(await ask(1)).toMatchObject({ kind: "sold_out", left: 0 });
  });

  test("a unit that arrives in one bucket does not hide one that has left another since that was read", async () => {
    const { ask, atGate, inLedger, holdQuestions, counts } = open([0, 0, 0]);
    await ask(1);
    // A unit has left the first bucket for the second, and one that came back to the third is moved there as well.
    inLedger({ [own]: 0, [second]: 1, [third]: 1 }, 2);
    atGate({ [own]: 0, [third]: 1 }, 2);
    const { questions } = counts();
    const arrive = holdQuestions(second);
    const answer = ask(1);
    while (counts().questions < questions + 3) await Bun.sleep(1);
    atGate({ [third]: 0 }, 3);
    atGate({ [second]: 1 }, 2);
    arrive();
    expect(await answer).toEqual({ kind: "busy" });
    inLedger({ [second]: 2, [third]: 0 }, 4);
    atGate({ [second]: 2, [third]: 0 }, 4);
    expect(await ask(1)).toMatchObject({ kind: "sold_out", left: 0 });
  });

  test("while the gate has not got a change of the ledger's, nobody is told sold out", async () => {
    const { ask, atGate, inLedger } = open([0, 0]);
    inLedger({ [own]: 0, [second]: 0 }, 3);
    atGate({ [second]: 0 }, 2);
    expect(await ask(1)).toEqual({ kind: "busy" });
    atGate({ [own]: 0, [second]: 0 }, 3);
    expect(await ask(1)).toMatchObject({ kind: "sold_out", left: 0 });
  });

  test("a buyer behind those who wait is not told sold out while a unit is between two buckets", async () => {
    const { ask, atGate } = open([0, 0, 0], () => true, own);
    atGate({ [second]: -1 }, 1);
    expect(await ask(1)).toEqual({ kind: "busy" });
  });

  test("a crowd at an empty product costs few questions, and reads the ledger only for news at the gate", async () => {
    const { ask, counts, atGate, inLedger } = open([0, 0]);
    const crowd = async (): Promise<void> => {
      const answers = await Promise.all(Array.from({ length: 500 }, () => ask(1)));
      for (const answer of answers) expect(answer).toMatchObject({ kind: "sold_out", left: 0 });
    };
    for (let round = 0; round < 4; round++) await crowd();
    // The first reading is made twice: nothing tells yet that no units moved meanwhile.
    expect(counts()).toEqual({ questions: 10, reads: 0 });
    // Units came, and are sold.
    inLedger({ [own]: 5, [second]: 5 }, 2);
    atGate({ [own]: 5, [second]: 5 }, 2);
    for (let round = 0; round < 4; round++) await crowd();
    expect(counts()).toEqual({ questions: 20, reads: 1 });
  });
});
