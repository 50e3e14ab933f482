import { productOf } from "../../domain/buckets.ts";
import { offerId, type Waiter } from "../../domain/waiter.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { JoinOutcome, JoinRequest } from "../waiters.ts";
import { lockProducts, type LockedProduct } from "./lock-products.ts";
import { readBuckets } from "./move-units.ts";
import { toWaiter } from "./rows.ts";

interface JoinContext {
  readonly locksRows: boolean;
  readonly nowMs: number;
}

/** What the ledger knows of one list, under the lock of its product. */
interface ListState {
  readonly product: LockedProduct;
  /** Those who wait for any bucket of the product. */
  waiting: number;
  lastPlace: number;
  /** Everybody of this batch who ever waited, as it stands after the requests before. */
  readonly known: Map<string, Waiter>;
  readonly held: ReadonlyMap<string, number>;
}

/**
 * Takes people in, in the caller's transaction. The lock of the product makes places grow in the order of commits. The
 * lists of a product's buckets have one limit, so all who join them lock the first bucket.
 */
export async function joinLists(
  transaction: LedgerTransaction,
  requests: readonly JoinRequest[],
  context: JoinContext,
): Promise<JoinOutcome[]> {
  const byProduct = Map.groupBy(requests, ({ productId }) => productId);
  const ids = [...byProduct.keys()];
  const products = await lockProducts(transaction, [...new Set([...ids, ...ids.map(productOf)])], context.locksRows);
  const outcomes = new Map<JoinRequest, JoinOutcome>();
  for (const [productId, some] of byProduct) {
    const product = products.get(productId);
    const list = product === undefined ? undefined : await readList(transaction, product, some);
    for (const request of some) {
      const outcome = list === undefined ? ({ kind: "not_open" } as const) : decide(list, request, context.nowMs);
      if (outcome.kind === "joined") await write(transaction, outcome.waiter, list!.known.has(request.userId));
      if (outcome.kind === "joined") list!.known.set(request.userId, outcome.waiter);
      outcomes.set(request, outcome);
    }
  }
  return requests.map((request) => outcomes.get(request) as JoinOutcome);
}

function decide(list: ListState, request: JoinRequest, nowMs: number): JoinOutcome {
  const { product } = list;
  const { userId, windowMs } = request;
  const known = list.known.get(userId);
  if (known?.state === "waiting") return { kind: "already", waiter: known };
  // Closed and opened again since the gate was asked: the gate may have given units to others in between.
  if (product.waiting_since === null || product.waiting_since > request.gateVersion) return { kind: "not_open" };
  if ((list.held.get(userId) ?? 0) >= product.limit_per_user) return { kind: "limit_reached" };
  if (list.waiting >= request.maxWaiting) return { kind: "full" };
  list.waiting++;
  list.lastPlace++;
  const ids = { saleId: product.sale_id, productId: product.id, userId, reservationId: offerId(crypto.randomUUID()) };
  return { kind: "joined", waiter: { ...ids, state: "waiting", place: list.lastPlace, windowMs, joinedAtMs: nowMs } };
}

async function readList(
  transaction: LedgerTransaction,
  product: LockedProduct,
  requests: readonly JoinRequest[],
): Promise<ListState> {
  const userIds = [...new Set(requests.map(({ userId }) => userId))];
  const buckets = await readBuckets(transaction, product.id);
  const rows = await transaction
    .selectFrom("waiters")
    .selectAll()
    .where("product_id", "=", product.id)
    .where("user_id", "in", userIds)
    .execute();
  const last = await transaction
    .selectFrom("waiters")
    .select("place")
    .where("product_id", "=", product.id)
    .orderBy("place", "desc")
    .limit(1)
    .executeTakeFirst();
  return {
    product,
    waiting: await countWaiting(
      transaction,
      buckets.map(({ id }) => id),
    ),
    lastPlace: last?.place ?? 0,
    known: new Map(rows.map((row) => [row.user_id, toWaiter(row)])),
    held: await countHeld(transaction, product.id, userIds),
  };
}

async function write(transaction: LedgerTransaction, waiter: Waiter, isKnown: boolean): Promise<void> {
  const { productId, userId, saleId, place, state, reservationId, windowMs, joinedAtMs } = waiter;
  const key = { product_id: productId, user_id: userId };
  const row = {
    ...{ sale_id: saleId, place, state, quantity: 1, reservation_id: reservationId },
    ...{ window_ms: windowMs, joined_at_ms: joinedAtMs, changed_at_ms: joinedAtMs },
  };
  if (!isKnown) {
    await transaction
      .insertInto("waiters")
      .values({ ...key, ...row })
      .execute();
    return;
  }
  await transaction
    .updateTable("waiters")
    .set(row)
    .where("product_id", "=", productId)
    .where("user_id", "=", userId)
    .execute();
}

/** How many wait for one of these products or buckets. */
export async function countWaiting(database: LedgerReader, productIds: readonly string[]): Promise<number> {
  const { count } = await database
    .selectFrom("waiters")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("product_id", "in", productIds)
    .where("state", "=", "waiting")
    .executeTakeFirstOrThrow();
  return count;
}

/** How many units each of these users holds. */
export async function countHeld(
  database: LedgerReader,
  productId: string,
  userIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await database
    .selectFrom("orders")
    .select(["user_id", ({ fn }) => fn.sum<number | string>("quantity").as("units")])
    .where("product_id", "=", productId)
    .where("user_id", "in", userIds)
    .where("active_slot", "is not", null)
    .groupBy("user_id")
    .execute();
  return new Map(rows.map((row) => [row.user_id, Number(row.units)]));
}
