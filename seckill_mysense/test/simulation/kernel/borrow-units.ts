import { insist, type Steps } from "./actor.ts";
import { amendProduct } from "./amend-product.ts";
import type { Gateway } from "./gateway.ts";
import type { ProductRow } from "./product-row.ts";
import type { Shop } from "./shop.ts";
import type { Status } from "./simulated-gate.ts";

interface BorrowRequest {
  readonly shop: Shop;
  readonly gateway: Gateway;
  readonly bucketId: string;
  readonly quantity: number;
}

/** `moved`: the bucket may have enough units now. `unknown`: a bucket did not answer, or units are between two buckets. */
type Borrowed =
  | { readonly kind: "moved" | "unknown" }
  /** All buckets together have only so many. */
  | { readonly kind: "empty"; readonly left: number };

interface BucketState {
  readonly row: ProductRow;
  /** Undefined if it does not sell. */
  readonly status: Status | undefined;
}

/** Gets units for an empty bucket from the bucket of the same product that has the most of them. */
export function* borrowUnits({ shop, gateway, bucketId, quantity }: BorrowRequest): Steps<Borrowed> {
  const states: BucketState[] = [];
  for (const id of shop.productIds) {
    const row = gateway.rows.get(id);
    if (row === undefined) return { kind: "unknown" };
    const status = yield* insist("gate", `gateway reads the bucket ${id}`, () => shop.gate.status(id));
    const sells = status?.open === true && status.isVerified && status.epoch === row.epoch;
    states.push({ row, status: sells ? status : undefined });
  }
  const left = states.reduce((sum, { status }) => sum + (status?.available ?? 0), 0);
  const own = states.find(({ row }) => row.id === bucketId)!.status?.available ?? 0;
  if (own >= quantity) return { kind: "moved" };
  if (left < quantity) return (yield* isWhole(shop, gateway, states)) ? { kind: "empty", left } : { kind: "unknown" };
  const givers = states.filter(({ row, status }) => row.id !== bucketId && (status?.available ?? 0) > 0);
  for (const { row, status } of givers.toSorted((a, b) => b.status!.available - a.status!.available)) {
    const units = Math.min(status!.available, Math.max(Math.ceil(status!.available / 2), quantity - own));
    const asked = yield* insist("ledger", `gateway asks for ${units} units of ${row.id} for ${bucketId}`, () =>
      shop.ledger.changes.askForMove({ from: row.id, to: bucketId, units }),
    );
    if (asked === undefined) continue;
    yield* amendProduct(shop, "gateway", asked);
    break;
  }
  return { kind: "moved" };
}

/**
 * A move keeps the sum of the ledger's totals, and the gates' sum is lower while units are on their way. They are
 * compared at one moment: with the rows of the versions that all gates had then.
 */
function* isWhole(shop: Shop, gateway: Gateway, states: readonly BucketState[]): Steps<boolean> {
  if (states.some(({ status }) => status === undefined)) return false;
  if (shop.has("units between two buckets are counted nowhere")) return true;
  let rows = states.map(({ row }) => gateway.rows.get(row.id) ?? row);
  if (states.some(({ status }, index) => status!.version > rows[index]!.version)) {
    rows = yield* insist("ledger", "gateway reads the buckets", () =>
      shop.productIds.map((id) => ({ ...shop.ledger.product(id) })),
    );
    gateway.learnRows(rows);
  }
  if (states.reduce((sum, { status }, index) => sum + rows[index]!.total - status!.total, 0) > 0) return false;
  if (shop.has("totals of different moments are compared")) return true;
  for (const [index, { row, status }] of states.entries()) {
    if (status!.version !== rows[index]!.version) return false;
    const again = yield* insist("gate", `gateway reads the bucket ${row.id} again`, () => shop.gate.status(row.id));
    if (again?.version !== status!.version) return false;
  }
  return true;
}
