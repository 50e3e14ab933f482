import type { OrderState } from "./order.ts";
import type { Money, PaymentEvent, PaymentOutcome, PaymentState, RefundReason } from "./payment.ts";

export interface SettledPayment extends Money {
  readonly reservationId: string;
  readonly provider: string;
  state: PaymentState;
}

export interface SettledOrder {
  state: OrderState;
  /** The payment that paid it; null while it is unpaid. */
  paidWith: string | null;
}

/** What the ledger knows about the events' payments, read under lock. A settlement changes it. */
export interface SettlementState {
  readonly payments: ReadonlyMap<string, SettledPayment>;
  readonly orders: ReadonlyMap<string, SettledOrder>;
  /** Ids of events that were applied before. */
  readonly applied: Set<string>;
  /** Payments with a refund, asked for or done. */
  readonly refunds: ReadonlySet<string>;
}

/** What a batch of events changes. */
export interface Settlement {
  /** In the order of the events. */
  readonly outcomes: PaymentOutcome[];
  readonly newEvents: PaymentEvent[];
  /** Payments by the state that they now have. */
  readonly changedPayments: Map<string, PaymentState>;
  /** Orders that are now paid, with the payments that pay them. */
  readonly paidOrders: Map<string, string>;
  readonly refunds: { readonly paymentId: string; readonly money: Money; readonly reason: RefundReason }[];
  /** Payments whose requested refund the provider has confirmed. */
  readonly confirmedRefunds: string[];
  /** Orders that were called off, and whose money is back now. */
  readonly refundedOrders: string[];
  /** Refunds that are to be sent once more. */
  readonly reopenedRefunds: string[];
  /** Orders whose money did not arrive after all. */
  readonly reopenedOrders: string[];
  /** Paid orders whose money the provider returned unasked: their units are to be released. */
  readonly unpaidOrders: string[];
}

/**
 * Decides what events of a provider change. Events may be late, repeated and out of order: a success counts after a
 * failure, and money that came back stays back. Money that pays for no unit becomes a refund.
 */
export function settle(events: readonly PaymentEvent[], state: SettlementState): Settlement {
  const settlement: Settlement = {
    outcomes: [],
    newEvents: [],
    changedPayments: new Map(),
    paidOrders: new Map(),
    refunds: [],
    confirmedRefunds: [],
    refundedOrders: [],
    reopenedRefunds: [],
    reopenedOrders: [],
    unpaidOrders: [],
  };
  for (const event of events) settlement.outcomes.push(settleOne(event, state, settlement));
  const { confirmedRefunds, refundedOrders, reopenedRefunds, reopenedOrders } = settlement;
  const payments = (ids: readonly string[], wanted: PaymentState): string[] =>
    ids.filter((id) => state.payments.get(id)?.state === wanted);
  const orders = (ids: readonly string[], wanted: OrderState): string[] =>
    ids.filter((id) => state.orders.get(id)?.state === wanted);
  // A refund may fail and be done in one batch: what it ended with counts.
  return {
    ...settlement,
    confirmedRefunds: payments(confirmedRefunds, "refunded"),
    refundedOrders: orders(refundedOrders, "refunded"),
    reopenedRefunds: payments(reopenedRefunds, "refund_pending"),
    reopenedOrders: orders(reopenedOrders, "refund_due"),
  };
}

function settleOne(
  event: PaymentEvent,
  { payments, orders, applied, refunds }: SettlementState,
  to: Settlement,
): PaymentOutcome {
  if (applied.has(event.id)) return "duplicate";
  const payment = payments.get(event.paymentId);
  const order = payment === undefined ? undefined : orders.get(payment.reservationId);
  if (payment === undefined || order === undefined) return "unknown_payment";
  if (event.provider !== undefined && event.provider !== payment.provider) return "unknown_payment";
  if (event.kind === "refund_failed" && !refunds.has(event.paymentId)) return "late";
  applied.add(event.id);
  to.newEvents.push(event);
  const before = payment.state;
  const outcome = decide[event.kind](event, payment, order, to);
  if (payment.state !== before) to.changedPayments.set(event.paymentId, payment.state);
  return outcome;
}

type Decide = (event: PaymentEvent, payment: SettledPayment, order: SettledOrder, to: Settlement) => PaymentOutcome;

const decide: Readonly<Record<PaymentEvent["kind"], Decide>> = {
  succeeded,
  failed,
  refunded,
  refund_failed: refundFailed,
};

function succeeded(
  { paymentId, money }: PaymentEvent,
  payment: SettledPayment,
  order: SettledOrder,
  to: Settlement,
): PaymentOutcome {
  if (payment.state === "refunded") return "late";
  if (payment.state === "succeeded" || payment.state === "refund_pending") return "duplicate";
  const { amountMinor, currency } = money ?? payment;
  const isRight = amountMinor === payment.amountMinor && currency === payment.currency;
  if (isRight && order.state === "reserved") {
    payment.state = "succeeded";
    order.state = "paid";
    order.paidWith = paymentId;
    to.paidOrders.set(payment.reservationId, paymentId);
    return "paid";
  }
  payment.state = "refund_pending";
  const reason = isRight ? whyNotPayable(order.state) : "wrong_amount";
  to.refunds.push({ paymentId, money: { amountMinor, currency }, reason });
  return "refund";
}

function whyNotPayable(state: OrderState): RefundReason {
  if (state === "paid") return "second_payment";
  if (state === "expired") return "order_expired";
  return state === "cancelled" ? "order_cancelled" : "order_called_off";
}

function failed(_event: PaymentEvent, payment: SettledPayment): PaymentOutcome {
  if (payment.state === "failed") return "duplicate";
  if (payment.state !== "open") return "late";
  payment.state = "failed";
  return "failed";
}

function refunded(
  { paymentId }: PaymentEvent,
  payment: SettledPayment,
  order: SettledOrder,
  to: Settlement,
): PaymentOutcome {
  const before = payment.state;
  if (before === "refunded") return "duplicate";
  payment.state = "refunded";
  const isPayer = order.paidWith === paymentId;
  if (before === "refund_pending") {
    to.confirmedRefunds.push(paymentId);
    if (isPayer && order.state === "refund_due") {
      order.state = "refunded";
      to.refundedOrders.push(payment.reservationId);
    }
  }
  if (before === "succeeded") {
    to.refunds.push({ paymentId, money: payment, reason: "returned_by_provider" });
    to.confirmedRefunds.push(paymentId);
    if (isPayer && order.state === "paid") {
      order.state = "refunded";
      to.unpaidOrders.push(payment.reservationId);
    }
  }
  return "refunded";
}

/** The provider is asked again what became of the refund: the event may be older than a further refund. */
function refundFailed(
  { paymentId }: PaymentEvent,
  payment: SettledPayment,
  order: SettledOrder,
  to: Settlement,
): PaymentOutcome {
  if (payment.state !== "refunded" && payment.state !== "refund_pending") return "late";
  payment.state = "refund_pending";
  to.reopenedRefunds.push(paymentId);
  if (order.paidWith === paymentId && order.state === "refunded") {
    order.state = "refund_due";
    to.reopenedOrders.push(payment.reservationId);
  }
  return "refund_reopened";
}
