import type { LedgerReader } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { GateContent, GateRecord, LedgerGates, RepairStart } from "../gates.ts";
import type { HeldReservation } from "../../domain/reservation.ts";
import type { SaleProduct } from "../../domain/sale.ts";
import { lockProducts } from "./lock-products.ts";
import { selectWithSale, toProductAndSale, type ProductWithSale } from "./product-with-sale.ts";
import { lockRevision, raiseRevision } from "./revision.ts";

const maxReasonLength = 300;

export class SqlGates implements LedgerGates {
  readonly #database: RetryingDatabase;
  readonly #now: () => number;

  constructor(database: RetryingDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  slice(afterProductId: string, limit: number, endedAfterMs: number): Promise<GateRecord[]> {
    return this.#select(selectAfter(afterProductId, limit, endedAfterMs));
  }

  unreturned(afterProductId: string, limit: number, endedBeforeMs: number): Promise<GateRecord[]> {
    return this.#select((database) =>
      selectRecords(database)
        .where("products.id", ">", afterProductId)
        .where("sales.ends_at_ms", "<", endedBeforeMs)
        .where("products.id", "in", ({ selectFrom }) =>
          selectFrom("stock_returns").select("product_id").where("applied_at_ms", "is", null),
        )
        .orderBy("products.id")
        .limit(limit),
    );
  }

  unarmed(afterProductId: string, limit: number, endedAfterMs: number): Promise<GateRecord[]> {
    const select = selectAfter(afterProductId, limit, endedAfterMs);
    return this.#select((database) =>
      select(database).where("products.armed_epoch", "=", 0).where("sales.state", "=", "published"),
    );
  }

  async #select(select: (database: LedgerReader) => ReturnType<typeof selectRecords>): Promise<GateRecord[]> {
    const rows = await this.#database.read((database) => select(database).execute());
    return rows.map(toRecord);
  }

  async read(productIds: readonly string[]): Promise<GateRecord[]> {
    if (productIds.length === 0) return [];
    const rows = await this.#database.read((database) =>
      selectRecords(database).where("products.id", "in", productIds).execute(),
    );
    return rows.map(toRecord);
  }

  async noteArmed(productIds: readonly string[], epoch: number): Promise<Set<string>> {
    if (productIds.length === 0) return new Set();
    return this.#database.write(async (transaction) => {
      const products = await lockProducts(transaction, productIds, this.#database.dialect.locksRows);
      const ids = [...products.values()].filter((row) => row.epoch === epoch && row.armed_epoch < epoch);
      const armed = new Set(ids.map(({ id }) => id));
      if (armed.size > 0) {
        await transaction
          .updateTable("products")
          .set({ armed_epoch: epoch })
          .where("id", "in", [...armed])
          .execute();
      }
      return armed;
    });
  }

  async raiseEpoch(productId: string, fromEpoch: number, toEpoch = fromEpoch + 1): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const revision = await lockRevision(transaction, this.#database.dialect);
      const { numUpdatedRows } = await transaction
        .updateTable("products")
        .set({ epoch: toEpoch, revision })
        .where("id", "=", productId)
        .where("epoch", "=", fromEpoch)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows > 0n) await raiseRevision(transaction, revision);
      return numUpdatedRows === 1n;
    });
  }

  async beginEpochs(products: readonly Pick<SaleProduct, "id" | "epoch">[]): Promise<Set<string>> {
    if (products.length === 0) return new Set();
    const ids = products.map(({ id }) => id);
    return this.#database.write(async (transaction) => {
      const revision = await lockRevision(transaction, this.#database.dialect);
      const rows = await lockProducts(transaction, ids, this.#database.dialect.locksRows);
      const current = products.filter(({ id, epoch }) => rows.get(id)?.epoch === epoch);
      for (const [epoch, some] of Map.groupBy(current, (product) => product.epoch)) {
        await transaction
          .updateTable("products")
          .set({ epoch: epoch + 1, armed_epoch: epoch + 1, revision })
          .where(
            "id",
            "in",
            some.map(({ id }) => id),
          )
          .execute();
      }
      if (current.length > 0) await raiseRevision(transaction, revision);
      return new Set(current.map(({ id }) => id));
    });
  }

  content(productId: string): Promise<GateContent | undefined> {
    return this.#database.snapshot(async (snapshot) => {
      const row = await selectRecords(snapshot).where("products.id", "=", productId).executeTakeFirst();
      if (row === undefined) return undefined;
      return {
        record: toRecord(row),
        holders: await readHolders(snapshot, productId),
        decided: await readDecided(snapshot, productId),
      };
    });
  }

  async startRepair({ productId, reason, startedBy, fromEpoch }: RepairStart): Promise<number> {
    const row = {
      product_id: productId,
      reason: reason.slice(0, maxReasonLength),
      started_by: startedBy.slice(0, 100),
      from_epoch: fromEpoch,
      started_at_ms: this.#now(),
      to_epoch: null,
      units: null,
      ended_at_ms: null,
    };
    const { insertId } = await this.#database.write((transaction) =>
      transaction.insertInto("repairs").values(row).executeTakeFirstOrThrow(),
    );
    return Number(insertId);
  }

  async endRepair(id: number, { toEpoch, units }: { readonly toEpoch: number; readonly units: number }): Promise<void> {
    await this.#database.read((database) =>
      database
        .updateTable("repairs")
        .set({ to_epoch: toEpoch, units, ended_at_ms: this.#now() })
        .where("id", "=", id)
        .execute(),
    );
  }

  async noteCompared(productIds: readonly string[]): Promise<void> {
    if (productIds.length === 0) return;
    await this.#database.read((database) =>
      database
        .updateTable("products")
        .set({ gate_compared_at_ms: this.#now() })
        .where("id", "in", productIds)
        .execute(),
    );
  }

  async comparedAtMs(productId: string): Promise<number | undefined> {
    const row = await this.#database.read((database) =>
      database.selectFrom("products").select("gate_compared_at_ms").where("id", "=", productId).executeTakeFirst(),
    );
    return row?.gate_compared_at_ms ?? undefined;
  }
}

type RecordRow = ProductWithSale & { pending_returns: number | string | null };

function selectRecords(database: LedgerReader) {
  return selectWithSale(database).select((query) =>
    query
      .selectFrom("stock_returns")
      .select(({ fn }) => fn.sum<number | string>("stock_returns.quantity").as("units"))
      .whereRef("stock_returns.product_id", "=", "products.id")
      .whereRef("stock_returns.epoch", "=", "products.epoch")
      .where("stock_returns.applied_at_ms", "is", null)
      .as("pending_returns"),
  );
}

function toRecord(row: RecordRow): GateRecord {
  return {
    ...toProductAndSale(row),
    armedEpoch: row.armed_epoch,
    sequence: row.gate_sequence,
    taken: row.reserved + row.sold,
    pendingReturns: Number(row.pending_returns ?? 0),
  };
}

function selectAfter(afterProductId: string, limit: number, endedAfterMs: number) {
  return (database: LedgerReader) =>
    selectRecords(database)
      .where("products.id", ">", afterProductId)
      .where("sales.ends_at_ms", ">=", endedAfterMs)
      .orderBy("products.id")
      .limit(limit);
}

async function readHolders(snapshot: LedgerReader, productId: string): Promise<Map<string, HeldReservation[]>> {
  const rows = await snapshot
    .selectFrom("orders")
    .select(["user_id", "reservation_id", "quantity"])
    .where("product_id", "=", productId)
    .where("active_slot", "is not", null)
    .execute();
  const holders = new Map<string, HeldReservation[]>();
  for (const { user_id, reservation_id: reservationId, quantity } of rows) {
    const held = holders.get(user_id);
    if (held === undefined) holders.set(user_id, [{ reservationId, quantity }]);
    else held.push({ reservationId, quantity });
  }
  return holders;
}

async function readDecided(snapshot: LedgerReader, productId: string): Promise<string[]> {
  const released = await snapshot
    .selectFrom("orders")
    .select("reservation_id")
    .where("product_id", "=", productId)
    .where("active_slot", "is", null)
    .execute();
  const rejected = await snapshot
    .selectFrom("rejections")
    .select("reservation_id")
    .where("product_id", "=", productId)
    .execute();
  return [...released, ...rejected].map((row) => row.reservation_id);
}
