import { partId, partIds, type Bundle, type BundleReason, type BundleState } from "../../domain/bundle.ts";
import type { LedgerReader } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { StoredOrder } from "../database/schema.ts";
import { type BundleFigures, type BundleRecord, type LedgerBundles, maxBundleReads } from "../bundles.ts";
import { breakBundles, lockBundles, toBundle, type StoredBundle } from "./bundle-rows.ts";
import { CallBatcher } from "./call-batcher.ts";
import { endOrders } from "./release-unpaid.ts";
import { toOrder } from "./rows.ts";

/** Buyers who wait read their bundles. In a rush one query answers many of them. */
const sharedReads = { maxBatch: 200, maxRunning: 2, maxWaiting: 50_000 };

export class SqlBundles implements LedgerBundles {
  readonly #database: RetryingDatabase;
  readonly #now: () => number;
  readonly #reads = new CallBatcher<string, BundleRecord | undefined>({
    name: "reads of bundles",
    run: async (ids) => {
      const found = await this.#readAll(ids);
      return ids.map((id) => found.get(id));
    },
    ...sharedReads,
  });

  constructor(database: RetryingDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  giveUp(bundle: Bundle, reason: BundleReason): Promise<BundleState> {
    const { locksRows } = this.#database.dialect;
    return this.#database.write(async (transaction) => {
      const nowMs = this.#now();
      const { bundleId, saleId, userId, parts } = bundle;
      const entry = { reservationId: partId(bundleId, 1, parts), saleId, userId };
      const locked = await lockBundles(transaction, [entry], { locksRows, nowMs, collectWithinMs: 0 });
      const known = locked.get(bundleId);
      if (known === undefined) throw new RangeError(`no bundle of ${parts} parts has the id ${bundleId}`);
      const isSame = known.saleId === saleId && known.userId === userId && known.parts === parts;
      if (known.state !== "collecting" || !isSame) return known.state;
      await breakBundles(transaction, [bundleId], { reason, nowMs });
      return "broken";
    });
  }

  read(bundleId: string): Promise<BundleRecord | undefined> {
    return this.#reads.call(bundleId);
  }

  async readMany(bundleIds: readonly string[]): Promise<Map<string, BundleRecord>> {
    if (bundleIds.length <= maxBundleReads) return this.#readAll(bundleIds);
    throw new RangeError(`${bundleIds.length} bundles in one call are over the ledger's limit of ${maxBundleReads}`);
  }

  async breakOverdue(nowMs: number, limit: number): Promise<number> {
    const overdue = await this.#database.read((reader) =>
      reader
        .selectFrom("bundles")
        .select("id")
        .where("state", "=", "collecting")
        .where("collect_before_ms", "<", nowMs)
        .orderBy("collect_before_ms")
        .limit(limit)
        .execute(),
    );
    if (overdue.length === 0) return 0;
    // In the order of ids, as everywhere.
    const ids = overdue.map(({ id }) => id).toSorted();
    return this.#database.write((transaction) =>
      breakBundles(transaction, ids, { reason: "bundle_broken", nowMs: this.#now() }),
    );
  }

  /** Nothing is recorded for a bundle once it is broken, so what is found here is all that there is to release. */
  async releaseBroken(limit: number): Promise<number> {
    const bundles = await this.#database.read((reader) =>
      reader
        .selectFrom("bundles")
        .selectAll()
        .where("release_pending", "=", 1)
        .orderBy("decided_at_ms")
        .limit(limit)
        .execute(),
    );
    if (bundles.length === 0) return 0;
    const held = await this.#database.read((reader) => readOrders(reader, bundles));
    const active = held.filter(({ active_slot }) => active_slot !== null);
    await endOrders({ database: this.#database, now: this.#now }, active, "cancelled");
    await this.#database.read((writer) =>
      writer
        .updateTable("bundles")
        .set({ release_pending: 0 })
        .where(
          "id",
          "in",
          bundles.map(({ id }) => id),
        )
        .execute(),
    );
    return bundles.length;
  }

  async figures(): Promise<BundleFigures> {
    const select = (reader: LedgerReader, column: "created_at_ms" | "decided_at_ms") =>
      reader.selectFrom("bundles").select(({ fn }) => [fn.countAll<number>().as("count"), fn.min(column).as("oldest")]);
    return this.#database.read(async (reader) => {
      const collecting = await select(reader, "created_at_ms")
        .where("state", "=", "collecting")
        .executeTakeFirstOrThrow();
      const unreleased = await select(reader, "decided_at_ms")
        .where("release_pending", "=", 1)
        .executeTakeFirstOrThrow();
      return {
        collecting: collecting.count,
        oldestCollectingMs: collecting.oldest ?? undefined,
        unreleased: unreleased.count,
        oldestUnreleasedMs: unreleased.oldest ?? undefined,
      };
    });
  }

  #readAll(ids: readonly string[]): Promise<Map<string, BundleRecord>> {
    if (ids.length === 0) return Promise.resolve(new Map());
    // The bundles come first: one that is complete has all its parts already.
    return this.#database.read(async (reader) => {
      const bundles = await reader.selectFrom("bundles").selectAll().where("id", "in", ids).execute();
      const orders = Map.groupBy(await readOrders(reader, bundles), (row) => row.bundle_id);
      return new Map(bundles.map((row) => [row.id, toRecord(row, orders.get(row.id) ?? [])]));
    });
  }
}

/** The ids of the parts follow from the id of their bundle: so no index over `bundle_id` is needed. */
async function readOrders(reader: LedgerReader, bundles: readonly StoredBundle[]): Promise<StoredOrder[]> {
  if (bundles.length === 0) return [];
  const ids = bundles.flatMap((row) => partIds(toBundle(row)));
  return reader.selectFrom("orders").selectAll().where("reservation_id", "in", ids).orderBy("reservation_id").execute();
}

function toRecord(row: StoredBundle, orders: readonly StoredOrder[]): BundleRecord {
  return { ...toBundle(row), ...(row.reason !== null && { reason: row.reason }), orders: orders.map(toOrder) };
}
