import { describeLateEnd, latestEndMs, maxPriceMinor, maxUnits, type Sale, type SaleProduct } from "../domain/sale.ts";
import { describeBadIdentifier, isIdentifier } from "../domain/identifier.ts";
import { describeBadRoom } from "../domain/room.ts";
import { drawUpRoom } from "./room-rules.ts";
import { InvalidSaleError } from "./ledger-errors.ts";

const maxTextLength = 200;
const maxProducts = 10_000;
/** The gate keeps what a buyer holds in one field. */
const maxLimitPerUser = 1_000;

/**
 * The same for a sale that is new, whose limits an older one may exceed: such a sale must still be paused and cancelled.
 * Changes of one are checked by what they change.
 */
export function checkNewSale(sale: Sale, products: readonly SaleProduct[]): void {
  checkSale(sale, products);
  if (sale.endsAtMs > latestEndMs) throw new InvalidSaleError(`sale ${sale.id}: ${describeLateEnd(sale.endsAtMs)}`);
  for (const { id, priceMinor, total } of products) {
    const name = `sale ${sale.id}: product ${id}`;
    checkWhole(name, { priceMinor }, 0, maxPriceMinor);
    checkWhole(name, { total }, 0, maxUnits);
  }
}

/** Throws `InvalidSaleError` for an invalid sale, because a database's own message would not explain what is wrong. */
export function checkSale(sale: Sale, products: readonly SaleProduct[]): void {
  if (!isIdentifier(sale.id)) throw new InvalidSaleError(describeBadIdentifier("the sale's id", sale.id));
  if (sale.id.includes(":")) {
    throw new InvalidSaleError(`the sale's id is ${JSON.stringify(sale.id)}; it must not contain a colon`);
  }
  const name = `sale ${sale.id}`;
  if (products.length > maxProducts) {
    throw new InvalidSaleError(`${name} has ${products.length} products; at most ${maxProducts} are possible`);
  }
  checkText(name, "title", sale.title);
  checkWhole(name, { startsAtMs: sale.startsAtMs, endsAtMs: sale.endsAtMs });
  if (sale.endsAtMs <= sale.startsAtMs) {
    throw new InvalidSaleError(
      `${name}: endsAtMs is ${sale.endsAtMs}, but must be later than startsAtMs, ${sale.startsAtMs}`,
    );
  }
  const badRoom = sale.room && describeBadRoom(sale.room, sale.startsAtMs);
  if (badRoom !== undefined) throw new InvalidSaleError(`${name}: ${badRoom}`);
  if (sale.room !== undefined) drawUpRoom(sale, sale.room);
  const ids = new Set<string>();
  for (const product of products) {
    if (ids.has(product.id)) throw new InvalidSaleError(`${name}: the product ${product.id} is given twice`);
    ids.add(product.id);
    checkProduct(sale, product);
  }
}

function checkProduct(sale: Sale, product: SaleProduct): void {
  if (!isIdentifier(product.id))
    throw new InvalidSaleError(describeBadIdentifier(`sale ${sale.id}: a product's id`, product.id));
  const name = `sale ${sale.id}: product ${product.id}`;
  if (product.saleId !== sale.id) throw new InvalidSaleError(`${name}: saleId is ${product.saleId}`);
  checkText(name, "name", product.name);
  if (!/^[A-Z]{3}$/.test(product.currency)) {
    throw new InvalidSaleError(
      `${name}: currency is ${JSON.stringify(product.currency)}, not three letters such as EUR`,
    );
  }
  checkWhole(name, { priceMinor: product.priceMinor, total: product.total });
  checkWhole(name, { limitPerUser: product.limitPerUser }, 1, maxLimitPerUser);
  checkWhole(name, { epoch: product.epoch }, 1);
}

function checkText(name: string, field: string, value: string): void {
  if (value.trim() !== "" && value.length <= maxTextLength && value.isWellFormed()) return;
  const shown = JSON.stringify(value).slice(0, 100);
  throw new InvalidSaleError(`${name}: ${field} is ${shown}; it must have 1 to ${maxTextLength} characters`);
}

function checkWhole(
  name: string,
  values: Record<string, number>,
  least = 0,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  for (const [field, value] of Object.entries(values)) {
    if (Number.isSafeInteger(value) && value >= least && value <= most) continue;
    throw new InvalidSaleError(`${name}: ${field} is ${value}, not a whole number from ${least} to ${most}`);
  }
}
