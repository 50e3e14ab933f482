import { cancelOrder, payOrder } from "../contract/orders.ts";
import type { Reservation } from "../contract/reservations.ts";
import type { LedgerOrders, TransitionOutcome } from "../ledger/orders.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";
import { describeOrder } from "./reservation-reader.ts";

type Owned = { readonly failure: "order_not_found" | "not_owner" } | undefined;

export function mountOrders(
  app: GatewayApp,
  mount: MountOptions,
  orders: Pick<LedgerOrders, "read" | "pay" | "cancel">,
): void {
  async function refusalFor(reservationId: string, userId: string): Promise<Owned> {
    const order = await orders.read(reservationId);
    if (order === undefined) return { failure: "order_not_found" };
    return order.userId === userId ? undefined : { failure: "not_owner" };
  }

  mountEndpoint(app, payOrder, mount, async ({ params, session }) => {
    const refusal = await refusalFor(params.id, session.userId);
    return refusal ?? describeTransition(await orders.pay(params.id, mount.now()), "order_not_payable");
  });

  mountEndpoint(app, cancelOrder, mount, async ({ params, session }) => {
    const refusal = await refusalFor(params.id, session.userId);
    return refusal ?? describeTransition(await orders.cancel(params.id), "order_not_cancellable");
  });
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
