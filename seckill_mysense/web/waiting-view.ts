import type { Reservation } from "../src/contract/reservations.ts";
import type { WaitingPlace } from "../src/contract/waiting-list.ts";
import { type Outcome, reservationOutcome } from "./outcome-view.ts";

/** What a buyer sees of a place in line; undefined when it says nothing that the sale itself does not say. */
export function placeOutcome({ state, before = 0 }: WaitingPlace): Outcome | undefined {
  switch (state) {
    case "waiting":
      return {
        tone: "wait",
        badge: "",
        title: before === 0 ? "You are first in line" : `${people(before)} before you`,
        text: "The next unit that comes back is offered to whoever is first. You can close this page and come back.",
        actions: ["leave"],
      };
    case "left":
      return {
        tone: "plain",
        badge: "–",
        title: "You left the line",
        text: "You can join it again, at its end.",
        actions: ["wait", "again"],
      };
    case "passed":
      return {
        tone: "bad",
        badge: "!",
        title: "Your turn has passed",
        text: "The unit was not paid in time and went to the next in line. You can join again, at the end.",
        actions: ["wait", "again"],
      };
    case "ended":
      return {
        tone: "plain",
        badge: "–",
        title: "Your wait is over",
        text: "The time to buy ended before your turn came.",
      };
    case "offered":
    case "taken":
    case "limit_reached":
      return undefined;
  }
}

function people(count: number): string {
  return count === 1 ? "1 person is" : `${count.toLocaleString(document.documentElement.lang)} people are`;
}

/** A unit that was offered to somebody in line: it is paid like any other, and passes on if it is not. */
export function offeredOutcome(reservation: Reservation, isCancelled: boolean): Outcome {
  const outcome = reservationOutcome(reservation, { mayBuyMore: false, isCancelled });
  switch (reservation.status) {
    case "won":
      return {
        ...outcome,
        title: "It is your turn",
        text: "A unit came back and is set aside for you. Pay to keep it, or it goes to the next in line.",
        cancel: "Decline",
      };
    case "expired":
      return placeOutcome({ productID: reservation.productID ?? "", joinedAtMs: 0, state: "passed" }) ?? outcome;
    case "cancelled":
      return { ...outcome, title: "Declined", text: "The unit goes to the next in line.", actions: ["wait", "again"] };
    default:
      return outcome;
  }
}
