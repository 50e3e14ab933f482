import type { ReservationRequest, ReserveOutcome } from "../../../src/domain/reservation.ts";
import type { Sale, SaleProduct } from "../../../src/domain/sale.ts";
import type { Holder } from "../../../src/gate/gate-repair.ts";
import type { Gate } from "../../../src/gate/gate.ts";

const hourMs = 3_600_000;

export interface SaleFixture {
  readonly sale: Sale;
  readonly product: SaleProduct;
  /** A buyer's request to the gate. */
  request(userId: string, reservationId: string): ReservationRequest;
  /** The same product in a later epoch. */
  inEpoch(epoch: number): SaleProduct;
}

let fixtureCount = 0;

/** A new sale for each test, because tests share one server. By default it started an hour ago and ends in an hour. */
export function saleFixture(
  options: { total?: number; limitPerUser?: number; startsInMs?: number; endsInMs?: number } = {},
): SaleFixture {
  const { total = 10, limitPerUser = 1, startsInMs = -hourMs, endsInMs = hourMs } = options;
  fixtureCount += 1;
  const now = Date.now();
  const sale = { id: `sale-${fixtureCount}`, title: "Sale", startsAtMs: now + startsInMs, endsAtMs: now + endsInMs };
  const product: SaleProduct = {
    id: `product-${fixtureCount}`,
    saleId: sale.id,
    name: "Thing",
    priceMinor: 100,
    currency: "EUR",
    total,
    limitPerUser,
    epoch: 1,
  };
  return {
    sale,
    product,
    request: (userId, reservationId) => ({ userId, reservationId, saleId: sale.id, productId: product.id }),
    inEpoch: (epoch) => ({ ...product, epoch }),
  };
}

export function kinds(outcomes: readonly ReserveOutcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of outcomes) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Reserves, and throws unless the gate accepts. */
export async function accept(gate: Gate, request: ReservationRequest) {
  const outcome = await gate.reserve(request);
  if (outcome.kind !== "accepted") throw new Error(`expected an accepted reservation, got ${JSON.stringify(outcome)}`);
  return outcome.reservation;
}

/** Lets a server that has restarted sell a product, as the keeper does after it has compared the product with the ledger. */
export async function adopt(gate: Gate, { sale, product }: Pick<SaleFixture, "sale" | "product">): Promise<void> {
  const status = await gate.status(sale.id, product.id);
  if (status === undefined || status.verified) return;
  const renewed = { sale, product: { ...product, epoch: status.epoch + 1 }, available: status.available };
  await gate.repair.adopt(product, status, renewed);
}

/** Rebuilds a product as a repair does, in a later epoch. */
export async function rebuild(
  gate: Gate,
  { sale, inEpoch }: Pick<SaleFixture, "sale" | "inEpoch">,
  { epoch, available, holders = [], decided = [], sequence = 0 }: Rebuilt,
): Promise<"finished" | "lost" | "not begun"> {
  const product = inEpoch(epoch);
  const lease = { product, token: crypto.randomUUID(), leaseMs: 5_000 };
  const status = await gate.status(sale.id, product.id);
  if ((await gate.repair.begin(lease, status?.epoch)).kind !== "begun") return "not begun";
  await gate.repair.fillHolders(lease, holders, true);
  await gate.repair.fillDecided(lease, decided, true);
  const counts = { holders: holders.length, decided: decided.length };
  return gate.repair.finish(lease, { sale, product, available, sequence, ...counts });
}

export interface Rebuilt {
  readonly epoch: number;
  readonly available: number;
  readonly holders?: readonly Holder[];
  readonly decided?: readonly string[];
  readonly sequence?: number;
}
