import type { Selectable } from "kysely";
import type { ProductTotals } from "../../domain/order.ts";
import { isSameRoom } from "../../domain/room.ts";
import type { Sale, SaleProduct, SaleState } from "../../domain/sale.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { ProductRow, SaleRow } from "../database/schema.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import { checkNewSale } from "../check-sale.ts";
import { InvalidSaleError, SaleConflictError } from "../ledger-errors.ts";
import type { LedgerSales } from "../sales.ts";
import { insertRoom } from "./room-rows.ts";
import { readTotals } from "./read-totals.ts";
import { lockRevision, raiseRevision } from "./revision.ts";
import { rowOfProduct, rowOfSale, toProduct, toSale } from "./rows.ts";

export class SqlSales implements LedgerSales {
  readonly #database: RetryingDatabase;

  constructor(database: RetryingDatabase) {
    this.#database = database;
  }

  /** If two processes create the same sale at once, the slower one is retried and then finds the sale. */
  async create(sale: Sale, products: readonly SaleProduct[]): Promise<void> {
    checkNewSale(sale, products);
    const existing = await this.#database.write(async (transaction) => {
      const found = await readSale(transaction, sale.id);
      if (found !== undefined) return found;
      const revision = await lockRevision(transaction, this.#database.dialect);
      await insertSale(transaction, { sale, products, state: "published" }, revision);
      return undefined;
    });
    if (existing !== undefined) compareSales(existing, { sale, products });
  }

  async list(): Promise<Sale[]> {
    const rows = await this.#database.read((database) =>
      database.selectFrom("sales").selectAll().orderBy("starts_at_ms").orderBy("id").execute(),
    );
    return rows.map(toSale);
  }

  read(saleId: string): Promise<{ sale: Sale; products: SaleProduct[] } | undefined> {
    return this.#database.read((database) => readSale(database, saleId));
  }

  async readProduct(productId: string): Promise<{ sale: Sale; product: SaleProduct } | undefined> {
    return this.#database.read(async (database) => {
      const product = await database.selectFrom("products").selectAll().where("id", "=", productId).executeTakeFirst();
      if (product === undefined) return undefined;
      const sale = await database
        .selectFrom("sales")
        .selectAll()
        .where("id", "=", product.sale_id)
        .executeTakeFirstOrThrow();
      return { sale: toSale(sale), product: toProduct(product) };
    });
  }

  readTotals(productId: string): Promise<ProductTotals | undefined> {
    return this.#database.snapshot((snapshot) => readTotals(snapshot, productId));
  }
}

/** A sale with its products, in the order of their ids. */
export async function readSale(
  database: LedgerReader,
  saleId: string,
): Promise<{ sale: Sale; products: SaleProduct[] } | undefined> {
  const rows = await readSaleRows(database, saleId);
  return rows && { sale: toSale(rows.sale), products: rows.products.map(toProduct) };
}

/** The rows of a sale and of its products, in the order of their ids. */
export async function readSaleRows(
  database: LedgerReader,
  saleId: string,
): Promise<{ sale: Selectable<SaleRow>; products: Selectable<ProductRow>[] } | undefined> {
  const sale = await database.selectFrom("sales").selectAll().where("id", "=", saleId).executeTakeFirst();
  if (sale === undefined) return undefined;
  const products = await database
    .selectFrom("products")
    .selectAll()
    .where("sale_id", "=", saleId)
    .orderBy("id")
    .execute();
  return { sale, products };
}

/** Writes a sale that the ledger does not have. The caller has locked the revision. */
export async function insertSale(
  transaction: LedgerTransaction,
  { sale, products, state }: SaleContent & { readonly state: SaleState },
  revision: number,
): Promise<void> {
  await refuseForeignProducts(transaction, sale, products);
  await transaction
    .insertInto("sales")
    .values({ ...rowOfSale(sale), state, revision, ...(sale.invitedOnly && { code_key: newCodeKey() }) })
    .execute();
  await insertRoom(transaction, { ...sale, state }, products);
  await insertProducts(transaction, products, revision);
  await raiseRevision(transaction, revision);
}

/** The key with which the codes of a sale are signed. */
export function newCodeKey(): Buffer {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32)));
}

/** Most rows of one INSERT. */
const maxInserted = 500;

export async function insertProducts(
  transaction: LedgerTransaction,
  products: readonly SaleProduct[],
  revision: number,
): Promise<void> {
  for (let start = 0; start < products.length; start += maxInserted) {
    const rows = products.slice(start, start + maxInserted).map((product) => ({ ...rowOfProduct(product), revision }));
    await transaction.insertInto("products").values(rows).execute();
  }
}

/** Throws `InvalidSaleError` when another sale has one of the products. */
export async function refuseForeignProducts(
  database: LedgerReader,
  sale: Sale,
  products: readonly SaleProduct[],
): Promise<void> {
  if (products.length === 0) return;
  const ids = products.map(({ id }) => id);
  const taken = await database
    .selectFrom("products")
    .select(["id", "sale_id"])
    .where("id", "in", ids)
    .where("sale_id", "!=", sale.id)
    .executeTakeFirst();
  if (taken === undefined) return;
  throw new InvalidSaleError(
    `sale ${sale.id}: the product id ${taken.id} belongs to the sale ${taken.sale_id}; product ids are unique in the whole system`,
  );
}

interface SaleContent {
  readonly sale: Sale;
  readonly products: readonly SaleProduct[];
}

function compareSales(existing: SaleContent, given: SaleContent): void {
  const name = `sale ${given.sale.id}`;
  compareFields(name, existing.sale, given.sale, ["title", "startsAtMs", "endsAtMs", "invitedOnly"]);
  if (!isSameRoom(existing.sale.room, given.sale.room)) {
    throw new SaleConflictError(`${name}: the ledger has another waiting room than was given`);
  }
  const existingProducts = new Map(existing.products.map((product) => [product.id, product]));
  const givenIds = new Set(given.products.map(({ id }) => id));
  for (const { id } of existing.products) {
    if (!givenIds.has(id)) throw new SaleConflictError(`${name}: the ledger has a product ${id}, which was not given`);
  }
  for (const product of given.products) {
    const known = existingProducts.get(product.id);
    if (known === undefined)
      throw new SaleConflictError(`${name}: the product ${product.id} was given, but is not in the ledger`);
    compareFields(`${name}: product ${product.id}`, known, product, [
      "name",
      "priceMinor",
      "currency",
      "total",
      "limitPerUser",
    ]);
  }
}

function compareFields<T>(name: string, existing: T, given: T, fields: readonly (keyof T & string)[]): void {
  for (const field of fields) {
    if (existing[field] === given[field]) continue;
    const [inLedger, asked] = [JSON.stringify(existing[field]), JSON.stringify(given[field])];
    throw new SaleConflictError(`${name}: ${field} is ${inLedger} in the ledger, but ${asked} was given`);
  }
}
