import { cancelOrder, listOrders, maxListedOrders, payOrder } from "../contract/orders.ts";
import type { Reservation } from "../contract/reservations.ts";
import { isBundle } from "../domain/bundle.ts";
import type { Order, OrderState } from "../domain/order.ts";
import type { LedgerBundles } from "../ledger/bundles.ts";
import type { StartedPayment } from "../payments/start-payment.ts";
import type { LedgerOrders, TransitionOutcome } from "../ledger/orders.ts";
import { describeBundle } from "./describe-bundle.ts";
import { describeOrder } from "./describe-order.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";

/** One order, or all orders of a bundle: they have the same state, and are paid and given back together. */
interface Purchase {
  readonly userId: string;
  readonly orders: readonly [Order, ...Order[]];
  readonly described: Reservation;
}

export interface OrderParts {
  readonly orders: Pick<LedgerOrders, "read" | "readOfUser" | "pay" | "cancel">;
  readonly bundles: Pick<LedgerBundles, "read" | "readMany">;
  /** Starts a payment through the provider; undefined in a sale without one. */
  readonly startPayment: ((id: string, orders: readonly [Order, ...Order[]]) => Promise<StartedPayment>) | undefined;
}

export function mountOrders(app: GatewayApp, mount: MountOptions, parts: OrderParts): void {
  const { orders, startPayment } = parts;

  async function owned(id: string, userId: string): Promise<Purchase | { failure: "order_not_found" | "not_owner" }> {
    const purchase = await readPurchase(parts, id);
    if (purchase === undefined) return { failure: "order_not_found" };
    return purchase.userId === userId ? purchase : { failure: "not_owner" };
  }

  /** The purchase after a change of it. */
  async function changed(id: string, order: Order): Promise<Reservation> {
    return isBundle(id) ? (await readPurchase(parts, id))!.described : describeOrder(order);
  }

  async function describeTransition<Code extends "order_not_payable" | "order_not_cancellable">(
    id: string,
    outcome: TransitionOutcome,
    refused: Code,
  ): Promise<{ ok: Reservation } | { failure: Code | "order_not_found"; message?: string }> {
    switch (outcome.kind) {
      case "done":
      case "already":
        return { ok: await changed(id, outcome.order) };
      case "refused":
        return { failure: refused, message: describeRefusal(outcome.order.state) };
      case "not_found":
        return { failure: "order_not_found" };
    }
  }

  mountEndpoint(app, listOrders, mount, async ({ session }) => ({ ok: await readPurchases(parts, session.userId) }));

  mountEndpoint(app, payOrder, mount, async ({ params: { id }, session }) => {
    const found = await owned(id, session.userId);
    if ("failure" in found) return found;
    if (startPayment === undefined || found.orders[0].state === "paid") {
      return describeTransition(id, await orders.pay(id, mount.now()), "order_not_payable");
    }
    const started = await startPayment(id, found.orders);
    switch (started.kind) {
      case "started":
        return { ok: { ...(await changed(id, started.order)), payUrl: started.payUrl } };
      case "refused":
        if (started.order.state === "paid") return { ok: await changed(id, started.order) };
        return { failure: "order_not_payable", message: describeRefusal(started.order.state) };
      case "not_found":
        return { failure: "order_not_found" };
    }
  });

  mountEndpoint(app, cancelOrder, mount, async ({ params: { id }, session }) => {
    const found = await owned(id, session.userId);
    if ("failure" in found) return found;
    return describeTransition(id, await orders.cancel(id), "order_not_cancellable");
  });
}

/** Undefined while it is not won. */
async function readPurchase({ orders, bundles }: OrderParts, id: string): Promise<Purchase | undefined> {
  if (!isBundle(id)) {
    const order = await orders.read(id);
    return order && { userId: order.userId, orders: [order], described: describeOrder(order) };
  }
  const bundle = await bundles.read(id);
  const [first, ...others] = bundle?.orders ?? [];
  if (bundle?.state !== "complete" || first === undefined) return undefined;
  return { userId: bundle.userId, orders: [first, ...others], described: describeBundle(bundle) };
}

/** What a user has ordered, the newest first. */
async function readPurchases(
  { orders, bundles }: OrderParts,
  userId: string,
): Promise<{ orders: Reservation[]; hasMore: boolean }> {
  const found = await orders.readOfUser(userId, maxListedOrders + 1);
  const listed = found.slice(0, maxListedOrders);
  // In the order of their newest part.
  const ids = [...new Set(listed.map(({ bundleId, reservationId }) => bundleId ?? reservationId))];
  const single = new Map(listed.map((order) => [order.reservationId, order]));
  const read = await bundles.readMany(ids.filter((id) => !single.has(id)));
  const described = ids.map((id) => {
    const [order, bundle] = [single.get(id), read.get(id)];
    return order ? describeOrder(order) : bundle && describeBundle(bundle);
  });
  return { orders: described.filter((one) => one !== undefined), hasMore: found.length > maxListedOrders };
}

function describeRefusal(state: OrderState): string {
  return `The order is ${state}.`;
}
