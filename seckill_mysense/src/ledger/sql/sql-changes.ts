import type { Selectable } from "kysely";
import type { ChangeableProduct, SaleChange } from "../../domain/sale-change.ts";
import { askedLowerings, planChange, type ChangeableSale, type PlannedChange } from "../../domain/sale-change.ts";
import { describeLateRoom, isSameRoom } from "../../domain/room.ts";
import {
  type Lowering,
  repairedAfterEndMs,
  type ProductRecord,
  type Sale,
  type SaleContent,
  type SaleProduct,
  type SaleRecord,
} from "../../domain/sale.ts";
import type { Clock } from "../../time/clock.ts";
import type {
  ChangedSale,
  ChangedSales,
  ChangeOptions,
  CreateOptions,
  LedgerChanges,
  LoggedChange,
  SettledLowering,
  UnitMove,
} from "../changes.ts";
import { checkNewSale, checkSale } from "../check-sale.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import { InvalidSaleError, SaleConflictError } from "../ledger-errors.ts";
import { lockProducts } from "./lock-products.ts";
import { askForMove, readBuckets } from "./move-units.ts";
import {
  changeKey,
  findLogged,
  logChanges,
  loweringRefused,
  readHistory,
  readRefused,
  type ChangeStamp,
} from "./change-log.ts";
import { isStartFixed } from "./enter-rooms.ts";
import { insertRoom, roomContext, type RoomContext } from "./room-rows.ts";
import { knownBefore, lockRevision, raiseRevision, readRevision } from "./revision.ts";
import { rowOfSale, toProductRecord, toSaleRecord } from "./rows.ts";
import { insertProducts, insertSale, newCodeKey, readSaleRows, refuseForeignProducts } from "./sql-sales.ts";
import type { ProductRow } from "../database/schema.ts";

export class SqlChanges implements LedgerChanges {
  readonly #database: RetryingDatabase;
  readonly #now: Clock["now"];
  readonly #rooms: RoomContext;

  /** `databaseNow` replaces the database's clock in tests. */
  constructor(database: RetryingDatabase, now: Clock["now"], databaseNow: (() => number) | undefined) {
    this.#database = database;
    this.#now = now;
    this.#rooms = roomContext(database.dialect, databaseNow);
  }

  since(known: number, { endedAfterMs }: { readonly endedAfterMs: number }): Promise<ChangedSales> {
    return this.#database.read(async (database) => {
      // Read first: a change that commits after this may be seen now, and is then seen once more.
      const revision = await readRevision(database);
      if (revision === known) return { revision, isWhole: false, sales: [], products: [] };
      const after = knownBefore(revision, known);
      const sales = await database
        .selectFrom("sales")
        .selectAll()
        .where("revision", ">", after)
        .where("ends_at_ms", ">=", endedAfterMs)
        .execute();
      const products = await database
        .selectFrom("products")
        .innerJoin("sales", "sales.id", "products.sale_id")
        .selectAll("products")
        .where("products.revision", ">", after)
        .where("sales.ends_at_ms", ">=", endedAfterMs)
        .execute();
      const records = { sales: sales.map(toSaleRecord), products: products.map(toProductRecord) };
      return { revision, isWhole: after < 0, ...records };
    });
  }

  async list(): Promise<SaleRecord[]> {
    const rows = await this.#database.read((database) =>
      database.selectFrom("sales").selectAll().orderBy("starts_at_ms").orderBy("id").execute(),
    );
    return rows.map(toSaleRecord);
  }

  read(saleId: string): Promise<SaleContent | undefined> {
    return this.#database.snapshot((snapshot) => readContent(snapshot, saleId));
  }

  async create(
    sale: Sale,
    products: readonly SaleProduct[],
    { actor, state, changeId = crypto.randomUUID() }: CreateOptions,
  ): Promise<SaleContent> {
    checkNewSale(sale, products);
    const late = state === "published" ? describeLateRoom(sale.room, this.#now()) : undefined;
    if (late !== undefined) throw new InvalidSaleError(`sale ${sale.id}: ${late}`);
    const key = changeKey(changeId, [sale, products, state]);
    return this.#database.write(async (transaction) => {
      const revision = await lockRevision(transaction, this.#database.dialect);
      const logged = await findLogged(transaction, key);
      const found = await readContent(transaction, sale.id);
      if (found !== undefined) {
        if (logged !== undefined) return found;
        throw new SaleConflictError(`sale ${sale.id} exists, in version ${found.sale.version}: update it instead`);
      }
      await insertSale(transaction, { sale, products, state }, revision);
      const created = (await readContent(transaction, sale.id))!;
      const stamp = { saleId: sale.id, version: 1, action: "create", actor, atMs: this.#now(), changeKey: key };
      await logChanges(transaction, stamp, { before: undefined, after: created });
      return created;
    });
  }

  change(saleId: string, change: SaleChange, options: ChangeOptions): Promise<ChangedSale | undefined> {
    // The same in each attempt: units that are added once must not be added again because an answer was lost.
    const { changeId = crypto.randomUUID(), actor } = options;
    const key = changeKey(changeId, [saleId, change]);
    return this.#database.write(async (transaction) => {
      // Also locks out other changes, so that what is read here stays true until the commit.
      const revision = await lockRevision(transaction, this.#database.dialect);
      const logged = await findLogged(transaction, key);
      if (logged !== undefined) return { ...(await readContent(transaction, saleId))!, lowerings: logged };
      const before = await this.#readLocked(transaction, saleId);
      if (before === undefined) return undefined;
      const { version } = before.sale;
      const { expectedVersion = version } = options;
      if (expectedVersion !== version) {
        throw new SaleConflictError(`sale ${saleId}: its version is ${version}, but ${expectedVersion} was expected`);
      }
      const isFixed = await isStartFixed(transaction, { saleId, change }, this.#rooms);
      const planned = planChange(before, change, { nowMs: this.#now(), revision, isStartFixed: isFixed });
      if ("refused" in planned) throw new InvalidSaleError(`sale ${saleId}: ${planned.refused}`);
      const isSame = isUnchanged(before, planned);
      const after = isSame ? before : await makeChange(transaction, before, { planned, revision });
      const lowerings = askedLowerings(change, after.products);
      // Otherwise a repetition would be carried out when somebody has changed the sale meanwhile.
      if (!isSame || options.changeId !== undefined) {
        const stamp = {
          ...{ saleId, version: after.sale.version, action: change.kind, actor },
          ...{ atMs: this.#now(), changeKey: key },
        };
        await logChanges(transaction, stamp, { before: without(lowerings, before), after });
      }
      return { ...after, lowerings };
    });
  }

  refused(saleId: string, lowerings: ReadonlyMap<string, Lowering>): Promise<string[]> {
    return this.#database.read((database) => readRefused(database, saleId, lowerings));
  }

  settleLowering(
    { productId, epoch, since }: SettledLowering,
    outcome: "applied" | "refused" | "unknown",
  ): ReturnType<LedgerChanges["settleLowering"]> {
    return this.#database.write(async (transaction) => {
      // Locks out other changes, so that the bucket that gets the units stays the same.
      const revision = await lockRevision(transaction, this.#database.dialect);
      const to = await readReceiver(transaction, productId);
      const rows = await lockProducts(transaction, [productId, to ?? productId], this.#database.dialect.locksRows);
      const row = rows.get(productId);
      if (row === undefined) return undefined;
      const sale = await readSaleRecord(transaction, row.sale_id);
      const before = toProductRecord(row);
      if (before.lowering?.since !== since || before.epoch !== epoch) return { sale, product: before };
      // Judged by the rows of now, under lock: the caller's may be older than an arming, or than another start.
      const isUnsold = row.armed_epoch === 0 || sale.endsAtMs + repairedAfterEndMs < this.#now();
      if (outcome === "unknown" && !isUnsold) return { sale, product: before };
      await raiseRevision(transaction, revision);
      const total = outcome === "refused" ? before.total : before.lowering.total;
      const product = { ...before, total, lowering: undefined, revision };
      const columns = { total, lowering_to: null, lowering_since: null, lowering_for: null, revision };
      await transaction.updateTable("products").set(columns).where("id", "=", productId).execute();
      if (before.lowering.to !== undefined) {
        const receiver = rows.get(before.lowering.to)!;
        const raised = { total: receiver.total + before.total - total, revision };
        await transaction.updateTable("products").set(raised).where("id", "=", receiver.id).execute();
        return { sale, product, receiver: toProductRecord({ ...receiver, ...raised }) };
      }
      const version = sale.version + 1;
      await transaction.updateTable("sales").set({ version, revision }).where("id", "=", sale.id).execute();
      const action = outcome === "refused" ? loweringRefused : "lowered";
      const by = { actor: "the gate", atMs: this.#now(), changeKey: undefined };
      const stamp: ChangeStamp = { saleId: sale.id, version, action, ...by };
      const after = { ...sale, version };
      await logChanges(transaction, stamp, {
        before: { sale: after, products: [before] },
        after: { sale: after, products: [product] },
      });
      return { sale: after, product };
    });
  }

  askForMove(move: UnitMove): ReturnType<LedgerChanges["askForMove"]> {
    let before: number | undefined;
    return this.#database.write(async (transaction) => {
      const { dialect } = this.#database;
      const revision = await lockRevision(transaction, dialect);
      const attempt = { revision, earlier: before, locksRows: dialect.locksRows };
      before = revision;
      const asked = await askForMove(transaction, move, attempt);
      if (asked === undefined) return undefined;
      await raiseRevision(transaction, revision);
      return { sale: await readSaleRecord(transaction, asked.sale_id), product: toProductRecord(asked) };
    });
  }

  async buckets(bucketId: string): Promise<ProductRecord[]> {
    const rows = await this.#database.read((database) => readBuckets(database, bucketId));
    return rows.map(toProductRecord);
  }

  history(saleId: string, limit: number): Promise<LoggedChange[]> {
    return this.#database.read((database) => readHistory(database, saleId, limit));
  }

  async #readLocked(transaction: LedgerTransaction, saleId: string): Promise<ChangeableSale | undefined> {
    const found = await readContent(transaction, saleId);
    if (found === undefined) return undefined;
    const ids = found.products.map(({ id }) => id);
    const rows = await lockProducts(transaction, ids, this.#database.dialect.locksRows);
    return { sale: found.sale, products: [...rows.values()].map(changeable) };
  }
}

function changeable(row: Selectable<ProductRow>): ChangeableProduct {
  return { ...toProductRecord(row), taken: row.reserved + row.sold };
}

/** So that what a change asks for is logged with it, even if somebody has asked for the same before. */
function without(lowerings: ReadonlyMap<string, Lowering>, { sale, products }: ChangeableSale): SaleContent {
  return {
    sale,
    products: products.map((product) => (lowerings.has(product.id) ? { ...product, lowering: undefined } : product)),
  };
}

function isUnchanged(before: ChangeableSale, { sale, changed, added }: PlannedChange): boolean {
  const known = new Map(before.products.map((product) => [product.id, product]));
  const isSame = (product: ProductRecord): boolean => {
    const old = known.get(product.id) as ProductRecord;
    return productFields.every((field) => old[field] === product[field]);
  };
  const isSaleSame = saleFields.every((field) => before.sale[field] === sale[field]);
  return added.length === 0 && isSaleSame && isSameRoom(before.sale.room, sale.room) && changed.every(isSame);
}

const saleFields = ["title", "startsAtMs", "endsAtMs", "state", "paused", "invitedOnly"] as const;
const productFields = ["name", "priceMinor", "currency", "total", "limitPerUser", "paused", "lowering"] as const;

/** The products as they will be. */
function productsAfter(before: ChangeableSale, { changed, added }: PlannedChange): SaleProduct[] {
  const others = before.products.filter(({ id }) => !changed.some((product) => product.id === id));
  return [...others, ...changed, ...added];
}

async function makeChange(
  transaction: LedgerTransaction,
  before: ChangeableSale,
  { planned, revision }: { readonly planned: PlannedChange; readonly revision: number },
): Promise<SaleContent> {
  const sale = { ...planned.sale, version: before.sale.version + 1 };
  const products = productsAfter(before, planned);
  checkSale(sale, products);
  await refuseForeignProducts(transaction, sale, planned.added);
  if (before.sale.state === "draft") await insertRoom(transaction, sale, products);
  await writePlanned(transaction, before.sale, { ...planned, sale }, revision);
  await raiseRevision(transaction, revision);
  return (await readContent(transaction, sale.id))!;
}

async function writePlanned(
  transaction: LedgerTransaction,
  before: SaleRecord,
  { sale, changed, added }: PlannedChange,
  revision: number,
): Promise<void> {
  const isCancelled = sale.state === "cancelled" && before.state !== "cancelled";
  const release = isCancelled ? { release_pending: 1 } : {};
  await transaction
    .updateTable("sales")
    .set({ ...rowOfSale(sale), version: sale.version, state: sale.state, paused: Number(sale.paused) })
    .set({ revision, ...release })
    // A draft may have codes already.
    .$if(sale.invitedOnly === true, (query) =>
      query.set(({ fn, val }) => ({ code_key: fn.coalesce("code_key", val(newCodeKey())) })),
    )
    .where("id", "=", sale.id)
    .execute();
  for (const product of changed) {
    const { saleId: _, epoch: __, id, name, priceMinor, currency, total, limitPerUser, paused, lowering } = product;
    await transaction
      .updateTable("products")
      .set({ name, price_minor: priceMinor, currency, total, limit_per_user: limitPerUser, paused: Number(paused) })
      .set({ lowering_to: lowering?.total ?? null, lowering_since: lowering?.since ?? null })
      .set({ lowering_for: lowering?.to ?? null, revision })
      .where("id", "=", id)
      .execute();
  }
  await insertProducts(transaction, added, revision);
  // Times, pause and state of the sale stand at the gate with each product.
  const touchesAll = (["startsAtMs", "endsAtMs", "state", "paused"] as const).some((key) => before[key] !== sale[key]);
  if (!touchesAll) return;
  const all = sale.state === "cancelled" ? { revision, cancelled: 1 } : { revision };
  await transaction.updateTable("products").set(all).where("sale_id", "=", sale.id).execute();
}

async function readContent(database: LedgerReader, saleId: string): Promise<SaleContent | undefined> {
  const rows = await readSaleRows(database, saleId);
  return rows && { sale: toSaleRecord(rows.sale), products: rows.products.map(toProductRecord) };
}

async function readReceiver(transaction: LedgerTransaction, productId: string): Promise<string | undefined> {
  const row = await transaction
    .selectFrom("products")
    .select("lowering_for")
    .where("id", "=", productId)
    .executeTakeFirst();
  return row?.lowering_for ?? undefined;
}

async function readSaleRecord(database: LedgerReader, saleId: string): Promise<SaleRecord> {
  return toSaleRecord(
    await database.selectFrom("sales").selectAll().where("id", "=", saleId).executeTakeFirstOrThrow(),
  );
}
