import { sql } from "kysely";
import { activeStates, releasedStates, type OrderState, type RejectionReason } from "../../domain/order.ts";
import type { SaleProduct } from "../../domain/sale.ts";
import type { LedgerReader } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { Findings, LedgerAudit, ProductAudit, SaleAudit } from "../audit.ts";
import { LedgerCorruptionError } from "../ledger-errors.ts";
import { findWrongMoney } from "./audit-money.ts";
import { countWaiting } from "./join-lists.ts";
import { splitTotals } from "./read-totals.ts";
import { readPendingUnits } from "./sql-returns.ts";
import { readSale } from "./sql-sales.ts";

const maxExamples = 10;

export class SqlAudit implements LedgerAudit {
  readonly #database: RetryingDatabase;

  constructor(database: RetryingDatabase) {
    this.#database = database;
  }

  async countRecorded(productId: string): Promise<number> {
    const orders = await this.#database.read((database) => countOrders(database, productId));
    const rejections = await this.#database.read((database) => countRejections(database, productId));
    return Object.values(rejections).reduce((sum, count) => sum + count, orders);
  }

  auditSale(saleId: string): Promise<SaleAudit | undefined> {
    return this.#database.snapshot(async (snapshot) => {
      const content = await readSale(snapshot, saleId);
      if (content === undefined) return undefined;
      const products: ProductAudit[] = [];
      for (const product of content.products) products.push(await auditProduct(snapshot, product));
      return {
        sale: content.sale,
        products,
        overLimit: await findOverLimit(snapshot, saleId),
        contradictions: await findContradictions(snapshot, saleId),
        wrongReturns: await findWrongReturns(snapshot, saleId),
        wrongMoney: findings(await findWrongMoney(snapshot, saleId)),
      };
    });
  }
}

async function auditProduct(snapshot: LedgerReader, product: SaleProduct): Promise<ProductAudit> {
  const row = await snapshot
    .selectFrom("products")
    .innerJoin("sales", "sales.id", "products.sale_id")
    .select(["products.id", "total", "reserved", "sold", "armed_epoch", "gate_sequence", "products.paused"])
    .select(["sales.state", "sales.paused as sale_paused"])
    .where("products.id", "=", product.id)
    .executeTakeFirst();
  if (row === undefined) throw new LedgerCorruptionError(`the product ${product.id} has been deleted`);
  const { armed_epoch, gate_sequence } = row;
  const totals = await splitTotals(snapshot, row);
  return {
    product,
    totals,
    armedEpoch: armed_epoch,
    gateSequence: gate_sequence,
    orders: await orderedUnits(snapshot, product.id),
    rejections: await countRejections(snapshot, product.id),
    pendingReturns: (await readPendingUnits(snapshot, [product.id])).get(product.id) ?? 0,
    waiting: await countWaiting(snapshot, [product.id]),
    isPaused: row.paused === 1 || row.sale_paused === 1 || row.state !== "published",
  };
}

async function orderedUnits(snapshot: LedgerReader, productId: string): Promise<Record<OrderState, number>> {
  const units = { reserved: 0, paid: 0, cancelled: 0, expired: 0, refund_due: 0, refunded: 0 };
  const rows = await snapshot
    .selectFrom("orders")
    .select(["state", ({ fn }) => fn.sum<number | string>("quantity").as("units")])
    .where("product_id", "=", productId)
    .groupBy("state")
    .execute();
  for (const { state, units: sum } of rows) units[state] = Number(sum);
  return units;
}

async function countOrders(database: LedgerReader, productId: string): Promise<number> {
  const { count } = await database
    .selectFrom("orders")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("product_id", "=", productId)
    .executeTakeFirstOrThrow();
  return count;
}

async function countRejections(snapshot: LedgerReader, productId: string): Promise<Record<RejectionReason, number>> {
  const counts = {
    ...{ oversold: 0, limit_per_user: 0, sale_cancelled: 0, unknown_product: 0, malformed: 0 },
    ...{ gate_lost: 0, discarded: 0, not_waiting: 0 },
  };
  const rows = await snapshot
    .selectFrom("rejections")
    .select(["reason", ({ fn }) => fn.countAll<number>().as("count")])
    .where("product_id", "=", productId)
    .groupBy("reason")
    .execute();
  for (const { reason, count } of rows) counts[reason] = count;
  return counts;
}

/** Counts orders by state, not by slot: the slots enforce the limit, so an audit must not rely on them. */
async function findOverLimit(snapshot: LedgerReader, saleId: string): Promise<Findings> {
  const rows = await snapshot
    .selectFrom("orders")
    .innerJoin("products", "products.id", "orders.product_id")
    .select(["orders.product_id", "orders.user_id", "products.limit_per_user"])
    .select(({ fn }) => fn.sum<number | string>("orders.quantity").as("active"))
    .where("products.sale_id", "=", saleId)
    .where("orders.state", "in", activeStates)
    .groupBy(["orders.product_id", "orders.user_id", "products.limit_per_user"])
    .having(({ fn, eb }) => eb(fn.sum("orders.quantity"), ">", eb.ref("products.limit_per_user")))
    .execute();
  const words = rows.map((row) => {
    const units = `${row.active} units in active orders`;
    return `user ${row.user_id} has ${units} of product ${row.product_id}, whose limit is ${row.limit_per_user}`;
  });
  return findings(words);
}

async function findContradictions(snapshot: LedgerReader, saleId: string): Promise<Findings> {
  const rows = await snapshot
    .selectFrom("orders")
    .innerJoin("rejections", "rejections.reservation_id", "orders.reservation_id")
    .select(["orders.reservation_id", "orders.state", "rejections.reason"])
    .where("orders.sale_id", "=", saleId)
    .execute();
  return findings(
    rows.map((row) => `reservation ${row.reservation_id} is ${row.state} and was rejected as ${row.reason}`),
  );
}

async function findWrongReturns(snapshot: LedgerReader, saleId: string): Promise<Findings> {
  const released = await snapshot
    .selectFrom("orders")
    .leftJoin("stock_returns", "stock_returns.reservation_id", "orders.reservation_id")
    .select(["orders.reservation_id", "orders.state"])
    .where("orders.sale_id", "=", saleId)
    .where("orders.state", "in", releasedStates)
    .where("stock_returns.reservation_id", "is", null)
    .execute();
  const refused = await snapshot
    .selectFrom("rejections")
    .leftJoin("stock_returns", "stock_returns.reservation_id", "rejections.reservation_id")
    .select("rejections.reservation_id")
    .where("rejections.sale_id", "=", saleId)
    .where("rejections.reason", "in", ["limit_per_user", "oversold", "sale_cancelled", "not_waiting"])
    .where("stock_returns.reservation_id", "is", null)
    .execute();
  const groundless = await snapshot
    .selectFrom("stock_returns")
    .leftJoin("orders", "orders.reservation_id", "stock_returns.reservation_id")
    .leftJoin("rejections", "rejections.reservation_id", "stock_returns.reservation_id")
    .select(["stock_returns.reservation_id", "orders.state"])
    .where("stock_returns.sale_id", "=", saleId)
    .where(({ eb, or, and }) =>
      or([
        eb("orders.state", "in", activeStates),
        and([eb("orders.reservation_id", "is", null), eb("rejections.reservation_id", "is", null)]),
        sql<boolean>`stock_returns.epoch < orders.epoch`,
      ]),
    )
    .execute();
  return findings([
    ...released.map((row) => `the unit of reservation ${row.reservation_id} (${row.state}) has no return`),
    ...refused.map((row) => `the unit of reservation ${row.reservation_id} (rejected) has no return`),
    ...groundless.map(
      (row) => `the unit of reservation ${row.reservation_id} (${row.state ?? "unknown"}) was returned`,
    ),
  ]);
}

function findings(words: readonly string[]): Findings {
  return { count: words.length, examples: words.slice(0, maxExamples) };
}
