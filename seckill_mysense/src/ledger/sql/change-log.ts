import type { ProductRecord, SaleContent, SaleRecord } from "../../domain/sale.ts";
import type { LoggedChange } from "../changes.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { SaleChangeRow } from "../database/schema.ts";

export interface ChangeStamp {
  readonly saleId: string;
  readonly version: number;
  readonly action: string;
  readonly actor: string;
  readonly atMs: number;
  /** The call's own id; undefined for what the gate has ended. */
  readonly changeId: string | undefined;
}

/** Most rows of one INSERT. */
const maxInserted = 500;

const saleFields = ["title", "startsAtMs", "endsAtMs", "state", "paused"] as const;
const productFields = ["name", "priceMinor", "currency", "total", "limitPerUser", "paused", "lowering"] as const;

/** Logs what differs, one entry for the sale and one for each product: so an entry stays small in any sale. */
export async function logChanges(
  transaction: LedgerTransaction,
  { saleId, version, action, actor, atMs, changeId }: ChangeStamp,
  { before, after }: { readonly before: SaleContent | undefined; readonly after: SaleContent },
): Promise<void> {
  const stamp = {
    sale_id: saleId,
    version,
    action,
    actor: actor.slice(0, 200),
    at_ms: atMs,
    change_id: changeId ?? null,
  };
  const rows: Omit<SaleChangeRow, "id">[] = [];
  const sale = difference<SaleRecord>(before?.sale, after.sale, saleFields);
  if (sale !== undefined) rows.push({ ...stamp, product_id: null, ...sale });
  const known = new Map(before?.products.map((product) => [product.id, product]));
  for (const product of after.products) {
    const changed = difference<ProductRecord>(known.get(product.id), product, productFields);
    if (changed !== undefined) rows.push({ ...stamp, product_id: product.id, ...changed });
  }
  for (let start = 0; start < rows.length; start += maxInserted) {
    await transaction
      .insertInto("sale_changes")
      .values(rows.slice(start, start + maxInserted))
      .execute();
  }
}

function difference<T>(
  before: T | undefined,
  after: T,
  fields: readonly (keyof T & string)[],
): Pick<SaleChangeRow, "before_change" | "after_change"> | undefined {
  const isSame = (field: keyof T & string): boolean =>
    before !== undefined && JSON.stringify((before as T)[field]) === JSON.stringify(after[field]);
  const changed = fields.filter((field) => !isSame(field));
  if (changed.length === 0) return undefined;
  const pick = (from: T): string => JSON.stringify(Object.fromEntries(changed.map((field) => [field, from[field]])));
  return { before_change: before === undefined ? null : pick(before), after_change: pick(after) };
}

/** Whether this call has been made: an earlier attempt was committed, but its answer was lost. */
export async function isLogged(transaction: LedgerTransaction, changeId: string): Promise<boolean> {
  const row = await transaction
    .selectFrom("sale_changes")
    .select("id")
    .where("change_id", "=", changeId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function readHistory(database: LedgerReader, saleId: string, limit: number): Promise<LoggedChange[]> {
  const rows = await database
    .selectFrom("sale_changes")
    .selectAll()
    .where("sale_id", "=", saleId)
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    saleId: row.sale_id,
    productId: row.product_id ?? undefined,
    version: row.version,
    action: row.action,
    actor: row.actor,
    atMs: row.at_ms,
    before: row.before_change === null ? undefined : (JSON.parse(row.before_change) as Record<string, unknown>),
    after: JSON.parse(row.after_change) as Record<string, unknown>,
  }));
}
