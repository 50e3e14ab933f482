import { bucketId, productOf } from "../../domain/buckets.ts";
import type { Waiter } from "../../domain/waiter.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import {
  maxJoinBatch,
  type JoinOutcome,
  type JoinRequest,
  type LedgerWaiters,
  type ListedProduct,
  type WaitingList,
} from "../waiters.ts";
import { CallBatcher } from "./call-batcher.ts";
import { countHeld, countWaiting, joinLists } from "./join-lists.ts";
import { lockProducts, type LockedProduct } from "./lock-products.ts";
import { selectWithSale, toProductAndSale } from "./product-with-sale.ts";
import { lockRevision, raiseRevision } from "./revision.ts";
import { toWaiter } from "./rows.ts";

interface WaiterKey {
  readonly productId: string;
  readonly userId: string;
}

/** Those who wait ask again and again: one query answers many of them. */
const sharedReads = { maxBatch: 200, maxRunning: 2, maxWaiting: 50_000 };
/** Others may wait for the lock of the same product, so joins hold it one batch at a time. */
const sharedJoins = { maxBatch: maxJoinBatch, maxRunning: 1, maxWaiting: 20_000 };

export class SqlWaiters implements LedgerWaiters {
  readonly #database: RetryingDatabase;
  readonly #now: () => number;
  readonly #joins = new CallBatcher<JoinRequest, JoinOutcome>({
    name: "requests to wait",
    run: (requests) => this.#joinAll(requests),
    ...sharedJoins,
  });
  readonly #reads = new CallBatcher<WaiterKey, Waiter | undefined>({
    name: "reads of waiters",
    run: (keys) => this.#readAll(keys),
    ...sharedReads,
  });

  constructor(database: RetryingDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async open(productId: string): Promise<ListedProduct | undefined> {
    const known = await this.#database.read((database) => readListed(database, productId));
    if (known === undefined || known.product.waitingSince !== undefined) return known;
    return this.#database.write(async (transaction) => {
      const revision = await lockRevision(transaction, this.#database.dialect);
      const row = await this.#lock(transaction, productId);
      // Of several that come at the same time, one opens it.
      if (row?.waiting_since === null) await setList(transaction, productId, { waiting_since: revision, revision });
      return readListed(transaction, productId);
    });
  }

  join(request: JoinRequest): Promise<JoinOutcome> {
    return this.#joins.call(request);
  }

  leave(productId: string, userId: string): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      // An offer is recorded under the same lock. So a waiter has either left before it, or has it.
      await this.#lock(transaction, productId);
      const { numUpdatedRows } = await transaction
        .updateTable("waiters")
        .set({ state: "left", changed_at_ms: this.#now() })
        .where("product_id", "=", productId)
        .where("user_id", "=", userId)
        .where("state", "=", "waiting")
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    });
  }

  read(productId: string, userId: string): Promise<Waiter | undefined> {
    return this.#reads.call({ productId, userId });
  }

  async places(productId: string): Promise<number[]> {
    const rows = await this.#database.read((database) =>
      database
        .selectFrom("waiters")
        .select("place")
        .where("product_id", "=", productId)
        .where("state", "=", "waiting")
        .orderBy("place")
        .execute(),
    );
    return rows.map(({ place }) => place);
  }

  async lists(afterProductId: string, limit: number): Promise<WaitingList[]> {
    const rows = await this.#database.read((database) =>
      selectWithSale(database)
        .select((query) =>
          query
            .selectFrom("waiters")
            .select(({ fn }) => fn.countAll<number>().as("count"))
            .whereRef("waiters.product_id", "=", "products.id")
            .where("waiters.state", "=", "waiting")
            .as("waiting"),
        )
        .where("products.waiting_since", "is not", null)
        .where("products.id", ">", afterProductId)
        .orderBy("products.id")
        .limit(limit)
        .execute(),
    );
    const split = await this.#readSplit(rows.map(({ id }) => id));
    return rows.map((row) => {
      const isSplit = split.has(productOf(row.id));
      return { ...toProductAndSale(row), sequence: row.gate_sequence, waiting: row.waiting ?? 0, isSplit };
    });
  }

  /** Of these products, those that have a second bucket. */
  async #readSplit(ids: readonly string[]): Promise<Set<string>> {
    if (ids.length === 0) return new Set();
    const second = ids.map((id) => bucketId(productOf(id), 1));
    const rows = await this.#database.read((database) =>
      database.selectFrom("products").select("id").where("id", "in", second).execute(),
    );
    return new Set(rows.map(({ id }) => productOf(id)));
  }

  async next(productId: string, afterPlace: number, limit: number): Promise<Waiter[]> {
    const rows = await this.#database.read((database) =>
      database
        .selectFrom("waiters")
        .selectAll()
        .where("product_id", "=", productId)
        .where("state", "=", "waiting")
        .where("place", ">", afterPlace)
        .orderBy("place")
        .limit(limit)
        .execute(),
    );
    return rows.map(toWaiter);
  }

  close(productId: string): Promise<ListedProduct | undefined> {
    return this.#database.write(async (transaction) => {
      const revision = await lockRevision(transaction, this.#database.dialect);
      const row = await this.#lock(transaction, productId);
      if (row === undefined || row.waiting_since === null) return undefined;
      if ((await countWaiting(transaction, [productId])) > 0) return undefined;
      await setList(transaction, productId, { waiting_since: null, revision });
      return readListed(transaction, productId);
    });
  }

  end(productId: string): Promise<number> {
    return this.#database.write(async (transaction) => {
      await this.#lock(transaction, productId);
      const { numUpdatedRows } = await transaction
        .updateTable("waiters")
        .set({ state: "ended", changed_at_ms: this.#now() })
        .where("product_id", "=", productId)
        .where("state", "=", "waiting")
        .executeTakeFirstOrThrow();
      return Number(numUpdatedRows);
    });
  }

  endOfLimit(productId: string, userId: string): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const row = await this.#lock(transaction, productId);
      if (row === undefined) return false;
      const held = (await countHeld(transaction, productId, [userId])).get(userId) ?? 0;
      if (held < row.limit_per_user) return false;
      const { numUpdatedRows } = await transaction
        .updateTable("waiters")
        .set({ state: "limit_reached", changed_at_ms: this.#now() })
        .where("product_id", "=", productId)
        .where("user_id", "=", userId)
        .where("state", "=", "waiting")
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    });
  }

  async countOpenOffers(sinceMs: number): Promise<number> {
    const { count } = await this.#database.read((database) =>
      database
        .selectFrom("waiters")
        .innerJoin("orders", "orders.reservation_id", "waiters.reservation_id")
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .where("waiters.state", "=", "offered")
        .where("waiters.changed_at_ms", ">", sinceMs)
        .where("orders.state", "=", "reserved")
        .executeTakeFirstOrThrow(),
    );
    return count;
  }

  async #lock(transaction: LedgerTransaction, productId: string): Promise<LockedProduct | undefined> {
    return (await lockProducts(transaction, [productId], this.#database.dialect.locksRows)).get(productId);
  }

  #joinAll(requests: readonly JoinRequest[]): Promise<JoinOutcome[]> {
    const { locksRows } = this.#database.dialect;
    return this.#database.write((transaction) => joinLists(transaction, requests, { locksRows, nowMs: this.#now() }));
  }

  async #readAll(keys: readonly WaiterKey[]): Promise<(Waiter | undefined)[]> {
    const found = new Map<string, Waiter>();
    for (const [productId, some] of Map.groupBy(keys, (key) => key.productId)) {
      const userIds = some.map(({ userId }) => userId);
      const rows = await this.#database.read((database) =>
        database
          .selectFrom("waiters")
          .selectAll()
          .where("product_id", "=", productId)
          .where("user_id", "in", userIds)
          .execute(),
      );
      for (const row of rows) found.set(`${row.product_id} ${row.user_id}`, toWaiter(row));
    }
    return keys.map(({ productId, userId }) => found.get(`${productId} ${userId}`));
  }
}

async function readListed(database: LedgerReader, productId: string): Promise<ListedProduct | undefined> {
  const row = await selectWithSale(database).where("products.id", "=", productId).executeTakeFirst();
  return row && toProductAndSale(row);
}

async function setList(
  transaction: LedgerTransaction,
  productId: string,
  columns: { readonly waiting_since: number | null; readonly revision: number },
): Promise<void> {
  await transaction.updateTable("products").set(columns).where("id", "=", productId).execute();
  await raiseRevision(transaction, columns.revision);
}
