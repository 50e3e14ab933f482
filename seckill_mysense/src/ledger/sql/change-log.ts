import type { Lowering, ProductRecord, SaleContent, SaleRecord } from "../../domain/sale.ts";
import { type LoggedChange, UnitsGoneError } from "../changes.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { SaleChangeRow } from "../database/schema.ts";
import { SaleConflictError } from "../ledger-errors.ts";

export interface ChangeStamp {
  readonly saleId: string;
  readonly version: number;
  readonly action: string;
  readonly actor: string;
  readonly atMs: number;
  /** See `changeKey`; undefined for what the gate has ended. */
  readonly changeKey: string | undefined;
}

/** What is logged when the gate could not take out the units that were to go. */
export const loweringRefused = "lowering refused";

/** Most rows of one INSERT. */
const maxInserted = 500;

const saleFields = ["title", "startsAtMs", "endsAtMs", "state", "paused", "room", "invitedOnly"] as const;
const productFields = ["name", "priceMinor", "currency", "total", "limitPerUser", "paused", "lowering"] as const;

/**
 * Logs what differs, one entry for the sale and one for each product: so an entry stays small in any sale. If nothing does,
 * an empty entry for the sale keeps the id of the change.
 */
export async function logChanges(
  transaction: LedgerTransaction,
  { saleId, version, action, actor, atMs, changeKey: key }: ChangeStamp,
  { before, after }: { readonly before: SaleContent | undefined; readonly after: SaleContent },
): Promise<void> {
  const stamp = {
    sale_id: saleId,
    version,
    action,
    actor: actor.slice(0, 200),
    at_ms: atMs,
    change_id: key ?? null,
  };
  const rows: Omit<SaleChangeRow, "id">[] = [];
  const sale = difference<SaleRecord>(before?.sale, after.sale, saleFields);
  if (sale !== undefined) rows.push({ ...stamp, product_id: null, ...sale });
  const known = new Map(before?.products.map((product) => [product.id, product]));
  for (const product of after.products) {
    const changed = difference<ProductRecord>(known.get(product.id), product, productFields);
    if (changed !== undefined) rows.push({ ...stamp, product_id: product.id, ...changed });
  }
  if (rows.length === 0) rows.push({ ...stamp, product_id: null, before_change: "{}", after_change: "{}" });
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

/** How a change is logged: by its id, and by a hash of what is asked, so that one id never stands for two changes. */
export function changeKey(changeId: string, asked: unknown): string {
  const hash = new Bun.CryptoHasher("sha256").update(JSON.stringify(asked)).digest("base64url");
  return `${changeId}.${hash.slice(0, hashLength)}`;
}

/** With the longest id and the dot, what the column holds. */
const hashLength = 23;

/**
 * The lower totals that this change has asked for, by bucket, if it has been made: an earlier attempt was committed, but
 * its answer was lost. Undefined if it has not been made.
 * @throws SaleConflictError if its id stands for another change; UnitsGoneError if the gate has refused it meanwhile
 */
export async function findLogged(
  transaction: LedgerTransaction,
  key: string,
): Promise<Map<string, Lowering> | undefined> {
  const changeId = key.slice(0, key.indexOf("."));
  const rows = await transaction
    .selectFrom("sale_changes")
    .select(["sale_id", "product_id", "change_id", "after_change"])
    .where("change_id", ">=", `${changeId}.`)
    // The character after the dot.
    .where("change_id", "<", `${changeId}/`)
    .execute();
  const [first] = rows;
  if (first === undefined) return undefined;
  if (rows.some(({ change_id }) => change_id !== key)) {
    throw new SaleConflictError(
      `the change ${changeId} was made before, and was another one: this one needs its own id`,
    );
  }
  const lowerings = new Map<string, Lowering>();
  for (const { product_id, after_change } of rows) {
    const { lowering } = JSON.parse(after_change) as LoweredFields;
    if (product_id !== null && lowering !== undefined) lowerings.set(product_id, lowering);
  }
  const [refused] = await readRefused(transaction, first.sale_id, lowerings);
  if (refused === undefined) return lowerings;
  throw new UnitsGoneError(
    `sale ${first.sale_id}: product ${refused}: units cannot be ${lowerings.get(refused)!.total}: buyers had them when the gate was asked`,
  );
}

interface LoweredFields {
  readonly lowering?: Lowering;
}

/** The buckets whose units the gate could not take out. */
export async function readRefused(
  database: LedgerReader,
  saleId: string,
  lowerings: ReadonlyMap<string, Lowering>,
): Promise<string[]> {
  if (lowerings.size === 0) return [];
  const refusals = await database
    .selectFrom("sale_changes")
    .select(["product_id", "before_change"])
    .where("sale_id", "=", saleId)
    .where("action", "=", loweringRefused)
    .execute();
  return refusals.flatMap(({ product_id, before_change }) => {
    const { lowering } = JSON.parse(before_change ?? "{}") as LoweredFields;
    if (product_id === null || lowering === undefined) return [];
    return lowerings.get(product_id)?.since === lowering.since ? [product_id] : [];
  });
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
