import { cancelOrder, payOrder } from "../contract/orders.ts";
import type { Reservation } from "../contract/reservations.ts";
import type { Order } from "../domain/order.ts";
import type { StartedPayment } from "../payments/start-payment.ts";
import type { LedgerOrders, TransitionOutcome } from "../ledger/orders.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";
import { describeOrder } from "./reservation-reader.ts";

type Owned = { readonly order: Order } | { readonly failure: "order_not_found" | "not_owner" };

export interface OrderParts {
  readonly orders: Pick<LedgerOrders, "read" | "pay" | "cancel">;
  /** Starts a payment through the provider; undefined in a sale without one. */
  readonly startPayment: ((order: Order) => Promise<StartedPayment>) | undefined;
}

export function mountOrders(app: GatewayApp, mount: MountOptions, { orders, startPayment }: OrderParts): void {
  async function owned(reservationId: string, userId: string): Promise<Owned> {
    const order = await orders.read(reservationId);
    if (order === undefined) return { failure: "order_not_found" };
    return order.userId === userId ? { order } : { failure: "not_owner" };
  }

  mountEndpoint(app, payOrder, mount, async ({ params, session }) => {
    const found = await owned(params.id, session.userId);
    if ("failure" in found) return found;
    if (startPayment !== undefined && found.order.state !== "paid") {
      return describeStart(await startPayment(found.order));
    }
    return describeTransition(await orders.pay(params.id, mount.now()), "order_not_payable");
  });

  mountEndpoint(app, cancelOrder, mount, async ({ params, session }) => {
    const found = await owned(params.id, session.userId);
    if ("failure" in found) return found;
    return describeTransition(await orders.cancel(params.id), "order_not_cancellable");
  });
}

function describeStart(
  started: StartedPayment,
):
  | { readonly ok: Reservation & { readonly payUrl?: string } }
  | { readonly failure: "order_not_payable" | "order_not_found"; readonly message?: string } {
  switch (started.kind) {
    case "started":
      return { ok: { ...describeOrder(started.order), payUrl: started.payUrl } };
    case "refused":
      if (started.order.state === "paid") return { ok: describeOrder(started.order) };
      return { failure: "order_not_payable", message: `The order is ${started.order.state}.` };
    case "not_found":
      return { failure: "order_not_found" };
  }
}

function describeTransition<Code extends "order_not_payable" | "order_not_cancellable">(
  outcome: TransitionOutcome,
  refused: Code,
): { readonly ok: Reservation } | { readonly failure: Code | "order_not_found"; readonly message?: string } {
  switch (outcome.kind) {
    case "done":
    case "already":
      return { ok: describeOrder(outcome.order) };
    case "refused":
      return { failure: refused, message: `The order is ${outcome.order.state}.` };
    case "not_found":
      return { failure: "order_not_found" };
  }
}
