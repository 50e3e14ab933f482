import { isIdentifier, maxIdentifierLength } from "../domain/identifier.ts";
import { GateRequestInvalid } from "./gate-errors.ts";

/** A product as the gate names it. Every `SaleProduct` is one. */
export interface GateProduct {
  readonly saleId: string;
  readonly id: string;
}

/** Throws `GateRequestInvalid` naming the id that no gate can have. */
export function checkProduct({ saleId, id }: GateProduct): void {
  checkIdentifier("sale id", saleId);
  checkIdentifier("product id", id);
  // The colon separates the two ids. If the sale id could contain one too, two products could share their keys.
  if (saleId.includes(":")) {
    throw new GateRequestInvalid(`sale id must not contain ":", but is ${JSON.stringify(saleId)}`);
  }
}

/** Throws `GateRequestInvalid` naming the id, its value and the limit. */
export function checkIdentifier(name: string, value: string): void {
  const { length } = value;
  const shown = JSON.stringify(value.slice(0, 200));
  if (isIdentifier(value)) return;
  throw new GateRequestInvalid(
    `${name} must be 1 to ${maxIdentifierLength} characters without braces, white space or control characters, ` +
      `but is ${shown} (${length} characters)`,
  );
}

/**
 * The keys of one product, in the order in which every script takes them:
 * - stock: hash of epoch, open, available, total, startsAtMs, endsAtMs, limitPerUser, expiresAtMs; version, the ledger's
 *   revision of these figures, paused, and waiting (only offers take a unit); sequence, which grows by one with each change of the units; server, the run of
 *   the server that may sell the product; and while the product is rebuilt, repair (the token of the repairer),
 *   repairServer and repairUntilMs (the end of its lease)
 * - holders: hash, user id -> the reservations that the user holds, separated by one space (held-text.ts)
 * - returned: hash, reservation id -> epoch of the return; 0 for a reservation that a repair found decided
 * - outbox: stream of accepted reservations, read by the consumer group of the relays
 *
 * The braces make the product one hash slot, so that a script finds all four on one node of a cluster.
 */
export type ProductKeys = readonly [stock: string, holders: string, returned: string, outbox: string];

export function productKeys(product: GateProduct): ProductKeys {
  checkProduct(product);
  const prefix = `seckill:{${product.saleId}:${product.id}}`;
  return [`${prefix}:stock`, `${prefix}:holders`, `${prefix}:returned`, `${prefix}:outbox`];
}
