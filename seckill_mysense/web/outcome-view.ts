import type { Reservation } from "../src/contract/reservations.ts";
import { element, setText, show } from "./elements.ts";
import { serverNowMs } from "./clock.ts";

type Tone = "wait" | "good" | "bad" | "plain";
const actions = ["enter", "pay", "cancel", "take", "wait", "leave", "again"] as const;

export interface Outcome {
  readonly tone: Tone;
  readonly badge: string;
  readonly title: string;
  readonly text: string;
  readonly actions?: readonly (typeof actions)[number][];
  /** What the button says that gives units back. */
  readonly cancel?: string;
  /** How many units the buyer can have in place of those that were asked for. */
  readonly take?: number;
  readonly reservation?: string;
  /** Changes every second, so it is outside the region whose changes screen readers read aloud. */
  readonly clock?: string;
}

/** The state of a buyer without a reservation. */
export const outcomes = {
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

/** `what`: "a unit", or "3 products together". */
export function askingOutcome(what: string): Outcome {
  return { tone: "wait", badge: "", title: `Asking for ${what}`, text: "Stay on this page." };
}

/** Fewer units are left than the buyer wants, who can have these. */
export function tooFewLeftOutcome({ wanted, left }: { readonly wanted: number; readonly left: number }): Outcome {
  const these = left === 1 ? "the last one" : `these ${left}`;
  return fewerOutcome(`Only ${left} left`, `You asked for ${wanted}. You can have ${these}, if you are quick.`, left);
}

/** The buyer wants more units than the limit leaves. */
export function overLimitOutcome({ limit, left }: { readonly limit: number; readonly left: number }): Outcome {
  const text = `One buyer may have ${limit} units, and you have ${limit - left} already.`;
  return fewerOutcome(`You may have ${left} more`, text, left);
}

function fewerOutcome(title: string, text: string, take: number): Outcome {
  return { tone: "plain", badge: "!", title, text, take, actions: ["take", "again"] };
}

export function refusedOutcome(message: string): Outcome {
  return { tone: "bad", badge: "!", title: "That did not work", text: message, actions: ["again"] };
}

/** What a page knows of the sale besides the reservation. */
export interface SaleSituation {
  /** The buyer holds fewer units than the limit, and the sale is not over. */
  readonly mayBuyMore: boolean;
  readonly isCancelled: boolean;
}

export function reservationOutcome(reservation: Reservation, { mayBuyMore, isCancelled }: SaleSituation): Outcome {
  const id = reservation.reservation;
  const words = reservation.parts === undefined ? wordsFor(reservation.quantity ?? 1) : wordsForBundle;
  switch (reservation.status) {
    case "pending":
      return {
        tone: "wait",
        badge: "",
        title: words.setAside,
        text: "Your order is being recorded. It is yours once that is done.",
        reservation: id,
      };
    case "won":
      return {
        tone: "good",
        badge: "✓",
        title: words.won,
        text: "The order is recorded. Pay to keep it.",
        clock: payBefore(reservation.payBeforeMs),
        actions: ["pay", "cancel"],
        cancel: words.giveBack,
        reservation: id,
      };
    case "paid":
      return {
        tone: "good",
        badge: "✓",
        title: words.paid,
        text: "Thank you. Your order is complete.",
        ...(mayBuyMore && { actions: ["again"] }),
      };
    case "cancelled":
    case "expired":
    case "refund_due":
    case "refunded":
      return isCancelled && reservation.paidAtMs === undefined
        ? { ...outcomes.cancelled, text: "Your order is cancelled. You have nothing to pay.", reservation: id }
        : releasedOutcome(reservation.status, id, mayBuyMore ? words.onSaleAgain : undefined);
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

type Words = Record<"setAside" | "won" | "paid" | "giveBack" | "onSaleAgain", string>;

const wordsForBundle: Words = {
  setAside: "All are set aside",
  won: "You won all of them",
  paid: "Paid: they are yours",
  giveBack: "Give all back",
  onSaleAgain: "its units are on sale again",
};

/** The words that depend on how many units a reservation is for. */
function wordsFor(quantity: number): Words {
  if (quantity === 1) {
    return {
      setAside: "A unit is set aside",
      won: "You won it",
      paid: "Paid: it is yours",
      giveBack: "Give it back",
      onSaleAgain: "the unit is on sale again",
    };
  }
  return {
    setAside: `${quantity} units are set aside`,
    won: `You won ${quantity} units`,
    paid: "Paid: they are yours",
    giveBack: "Give them back",
    onSaleAgain: `its ${quantity} units are on sale again`,
  };
}

/** What became of an order whose units have gone back. */
function releasedOutcome(
  status: "cancelled" | "expired" | "refund_due" | "refunded",
  id: string,
  onSaleAgain: string | undefined,
): Outcome {
  const again = onSaleAgain === undefined ? {} : { actions: ["again"] as const };
  const units = onSaleAgain === undefined ? "" : ` and ${onSaleAgain}`;
  switch (status) {
    case "cancelled":
      return {
        tone: "plain",
        badge: "–",
        title: "Given back",
        text: `Your order is cancelled${units}.`,
        ...again,
        reservation: id,
      };
    case "expired":
      return {
        tone: "bad",
        badge: "!",
        title: "Not paid in time",
        text: `The order has expired${units}.`,
        ...again,
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
  if (reason === "sold_out" || reason === "bundle_broken") {
    return "One of the products could not be had. You got none of them, and have nothing to pay.";
  }
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
  const seconds = String(leftSeconds % 60).padStart(2, "0");
  return `${Math.floor(leftSeconds / 60)}:${seconds} left to pay`;
}

function againText({ tone, take }: Outcome): string {
  if (take !== undefined) return "Go back";
  return tone === "good" ? "Buy another" : "Try again";
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
  setText("take", `Take ${outcome.take ?? ""}`);
  setText("again", againText(outcome));
  setText("outcome-clock", outcome.clock ?? "");
  show("reservation", outcome.reservation !== undefined);
  setText("reservation-id", outcome.reservation ?? "");
}
