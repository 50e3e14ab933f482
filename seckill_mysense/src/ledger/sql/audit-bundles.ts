import { sql } from "kysely";
import type { LedgerReader } from "../database/ledger-database.ts";
import type { StoredBundle } from "./bundle-rows.ts";

/** Findings in words. */
export interface WrongBundles {
  /** Bundles that are neither whole nor on their way, and those with a wrong sum. */
  readonly wrong: readonly string[];
  /** What a moment may show, and a sale at rest may not: bundles that wait for a part, or are to be released. */
  readonly open: readonly string[];
}

/** Compares the bundles of a sale with their orders and payments. */
export async function auditBundles(snapshot: LedgerReader, saleId: string): Promise<WrongBundles> {
  const bundles = await snapshot.selectFrom("bundles").selectAll().where("sale_id", "=", saleId).execute();
  const orders = await readOrders(snapshot, saleId);
  const known = new Set(bundles.map(({ id }) => id));
  const wrong = bundles.flatMap((bundle) => whatIsWrong(bundle, orders.get(bundle.id) ?? noOrders) ?? []);
  for (const id of orders.keys())
    if (!known.has(id)) wrong.push(`the bundle ${id} has orders, but is not written down`);
  return {
    wrong: [...wrong, ...(await partsOfNoBundle(snapshot, saleId)), ...(await wrongSums(snapshot, saleId))],
    open: bundles.flatMap((bundle) => whatIsOpen(bundle, orders.get(bundle.id) ?? noOrders) ?? []),
  };
}

/** The recorded orders of a bundle, in figures. */
interface BundleOrders {
  readonly count: number;
  /** Those that hold their units. */
  readonly active: number;
  /** In how many states they are, through how many payments they were paid, and until when they are to be paid. */
  readonly states: number;
  readonly payments: number;
  readonly moments: number;
  /** Those that were ever paid. */
  readonly paid: number;
  readonly users: number;
  readonly firstUser: string;
}

const noOrders: BundleOrders = {
  ...{ count: 0, active: 0, states: 0, payments: 0, moments: 0, paid: 0, users: 0, firstUser: "" },
};

async function readOrders(snapshot: LedgerReader, saleId: string): Promise<Map<string, BundleOrders>> {
  const rows = await snapshot
    .selectFrom("orders")
    .select("bundle_id")
    .select(({ fn }) => [
      fn.countAll<number>().as("count"),
      fn.count<number>("active_slot").as("active"),
      fn.count<number>("state").distinct().as("states"),
      sql<number>`count(distinct coalesce(paid_with, ''))`.as("payments"),
      fn.count<number>("pay_before_ms").distinct().as("moments"),
      fn.count<number>("paid_with").as("paid"),
      fn.count<number>("user_id").distinct().as("users"),
      fn.min("user_id").as("firstUser"),
    ])
    .where("sale_id", "=", saleId)
    .where("bundle_id", "is not", null)
    .groupBy("bundle_id")
    .execute();
  return new Map(rows.map(({ bundle_id, ...figures }) => [bundle_id!, figures]));
}

function whatIsWrong({ id, state, parts, user_id }: StoredBundle, orders: BundleOrders): string | undefined {
  const { count, active, states, payments, moments, paid, users, firstUser } = orders;
  if (users > 1 || (users === 1 && firstUser !== user_id))
    return `bundle ${id} of ${user_id} has orders of ${firstUser}`;
  if (state !== "complete") {
    if (paid > 0) return `bundle ${id} is ${state}, and ${paid} of its parts are paid`;
    return state === "collecting" && active < count ? `bundle ${id} is collecting, and lost a part` : undefined;
  }
  if (count !== parts) return `bundle ${id} is complete, with ${count} of ${parts} parts`;
  const isOne = states === 1 && payments === 1 && moments === 1;
  if (isOne) return undefined;
  return `the parts of bundle ${id} have ${states} states, ${payments} payments and ${moments} moments to pay before`;
}

function whatIsOpen({ id, state, parts }: StoredBundle, { count, active }: BundleOrders): string | undefined {
  if (state === "collecting") return `bundle ${id} has ${count} of ${parts} parts, and waits for the others`;
  return state === "broken" && active > 0 ? `bundle ${id} is broken, and ${active} of its parts hold units` : undefined;
}

/** A program that knows no bundles records a part as if it were a purchase. */
async function partsOfNoBundle(snapshot: LedgerReader, saleId: string): Promise<string[]> {
  const rows = await snapshot
    .selectFrom("orders")
    .select("reservation_id")
    .where("sale_id", "=", saleId)
    .where("bundle_id", "is", null)
    .where("reservation_id", "like", "bundle-%")
    .execute();
  return rows.map((row) => `order ${row.reservation_id} is a part of a bundle, and was recorded as a single one`);
}

/** A bundle has one payment at a time, of the sum of its orders. */
async function wrongSums(snapshot: LedgerReader, saleId: string): Promise<string[]> {
  const payments = await snapshot
    .selectFrom("payments")
    .innerJoin("orders", "orders.reservation_id", "payments.reservation_id")
    .select(["payments.id", "payments.amount_minor", "orders.bundle_id"])
    .where("orders.sale_id", "=", saleId)
    .where("orders.bundle_id", "is not", null)
    .execute();
  if (payments.length === 0) return [];
  const rows = await snapshot
    .selectFrom("orders")
    .select(["bundle_id", sql<number | string>`sum(price_minor * quantity)`.as("sum")])
    .where("sale_id", "=", saleId)
    .where("bundle_id", "is not", null)
    .groupBy("bundle_id")
    .execute();
  const sums = new Map(rows.map(({ bundle_id, sum }) => [bundle_id, Number(sum)]));
  const wrong = payments.filter(({ bundle_id, amount_minor }) => sums.get(bundle_id) !== amount_minor);
  return wrong.map(({ id, amount_minor, bundle_id }) => {
    return `payment ${id} of bundle ${bundle_id} is ${amount_minor}, not the sum of ${sums.get(bundle_id)}`;
  });
}
