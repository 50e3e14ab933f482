import type { Reservation } from "../src/contract/reservations.ts";
import { element, setText, show } from "./elements.ts";
import { serverNowMs } from "./clock.ts";

type Tone = "wait" | "good" | "bad" | "plain";
const actions = ["pay", "cancel", "wait", "leave", "again"] as const;

export interface Outcome {
  readonly tone: Tone;
  readonly badge: string;
  readonly title: string;
  readonly text: string;
  readonly actions?: readonly (typeof actions)[number][];
  /** What the button says that gives a unit back. */
  readonly cancel?: string;
  readonly reservation?: string;
  /** Changes every second, so it is outside the region whose changes screen readers read aloud. */
  readonly clock?: string;
}

/** The state of a buyer without a reservation. */
export const outcomes = {
  asking: { tone: "wait", badge: "", title: "Asking for a unit", text: "Stay on this page." },
  sold_out: {
    tone: "bad",
    badge: "–",
    title: "Sold out",
    text: "All units are taken. If a buyer gives one back, you can try again.",
    actions: ["again"],
  },
  sold_out_can_wait: {
    tone: "bad",
    badge: "–",
    title: "Sold out",
    text: "All units are taken. Wait in line, and a unit that comes back is offered to you when it is your turn.",
    actions: ["wait", "again"],
  },
  cancelled: {
    tone: "plain",
    badge: "–",
    title: "The sale was cancelled",
    text: "Nothing of it can be bought any more.",
  },
  over: { tone: "plain", badge: "–", title: "The sale is over", text: "Thank you for taking part." },
} as const satisfies Record<string, Outcome>;

export function refusedOutcome(message: string): Outcome {
  return { tone: "bad", badge: "!", title: "That did not work", text: message, actions: ["again"] };
}

/** `mayBuyMore`: the buyer holds fewer units than the limit, and the sale is not over. */
export function reservationOutcome(reservation: Reservation, mayBuyMore: boolean): Outcome {
  const id = reservation.reservation;
  switch (reservation.status) {
    case "pending":
      return {
        tone: "wait",
        badge: "",
        title: "A unit is set aside",
        text: "Your order is being recorded. It is yours once that is done.",
        reservation: id,
      };
    case "won":
      return {
        tone: "good",
        badge: "✓",
        title: "You won it",
        text: "The order is recorded. Pay to keep it.",
        clock: payBefore(reservation.payBeforeMs),
        actions: ["pay", "cancel"],
        reservation: id,
      };
    case "paid":
      return {
        tone: "good",
        badge: "✓",
        title: "Paid: it is yours",
        text: "Thank you. Your order is complete.",
        ...(mayBuyMore && { actions: ["again"] }),
        reservation: id,
      };
    case "cancelled":
    case "expired":
    case "refund_due":
    case "refunded":
      return releasedOutcome(reservation.status, id);
    case "lost":
    case "rejected":
      return {
        tone: "bad",
        badge: "!",
        title: "Not recorded",
        text: rejectionText(reservation.reason ?? reservation.status),
        actions: ["again"],
        reservation: id,
      };
  }
}

/** What became of an order whose unit has gone back. */
function releasedOutcome(status: "cancelled" | "expired" | "refund_due" | "refunded", id: string): Outcome {
  switch (status) {
    case "cancelled":
      return {
        tone: "plain",
        badge: "–",
        title: "Given back",
        text: "Your order is cancelled and the unit is on sale again.",
        actions: ["again"],
        reservation: id,
      };
    case "expired":
      return {
        tone: "bad",
        badge: "!",
        title: "Not paid in time",
        text: "The order has expired and the unit is on sale again.",
        actions: ["again"],
        reservation: id,
      };
    case "refund_due":
      return {
        tone: "bad",
        badge: "!",
        title: "The sale was cancelled",
        text: "Your order is cancelled, and your payment goes back to you.",
        reservation: id,
      };
    case "refunded":
      return {
        tone: "plain",
        badge: "–",
        title: "Refunded",
        text: "Your order is cancelled, and your payment is refunded.",
        reservation: id,
      };
  }
}

function rejectionText(reason: string | undefined): string {
  if (reason === "oversold") return "All units were taken by others. You have nothing to pay.";
  if (reason === "sale_cancelled") return "The sale was cancelled. You have nothing to pay.";
  if (reason === "lost") return "The shop lost your reservation. You have nothing to pay, and may try again.";
  if (reason === "gate_lost") return "The shop lost your reservation before it was recorded. You have nothing to pay.";
  if (reason === "limit_per_user") return "You have as many units as one buyer may have.";
  return "The order could not be recorded. You have nothing to pay.";
}

function payBefore(payBeforeMs: number | undefined): string {
  if (payBeforeMs === undefined) return "";
  const leftSeconds = Math.max(0, Math.ceil((payBeforeMs - serverNowMs()) / 1000));
  const minutes = Math.floor(leftSeconds / 60);
  const left = minutes > 0 ? `${minutes} min ${leftSeconds % 60} s` : `${leftSeconds} s`;
  return `${left} left to pay`;
}

export function showOutcome(outcome: Outcome | undefined): void {
  show("outcome", outcome !== undefined);
  if (outcome === undefined) return;
  element("outcome").dataset["tone"] = outcome.tone;
  setText("outcome-badge", outcome.badge);
  setText("outcome-title", outcome.title);
  setText("outcome-text", outcome.text);
  for (const action of actions) show(action, outcome.actions?.includes(action) ?? false);
  setText("cancel", outcome.cancel ?? "Give it back");
  setText("again", outcome.tone === "good" ? "Buy another" : "Try again");
  setText("outcome-clock", outcome.clock ?? "");
  show("reservation", outcome.reservation !== undefined);
  setText("reservation-id", outcome.reservation ?? "");
}
