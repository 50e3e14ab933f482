import { askingOutcome, type Outcome, outcomes, reservationOutcome } from "./outcome-view.ts";
import { state, unitsLeft } from "./page-state.ts";
import { isInvited } from "./invitation-code.ts";
import { currentRoomOutcome } from "./room-panel.ts";
import { offeredOutcome, placeOutcome } from "./waiting-view.ts";

/** What the page says about the buyer; undefined when the buyer may buy. `isOver`: the sale is. */
export function currentOutcome(isOver: boolean): Outcome | undefined {
  if (state.asking !== undefined) return askingOutcome(state.asking);
  const isCancelled = state.offer?.sale.cancelled === true;
  if (state.reservation !== undefined) {
    const isOffer = state.reservation.reservation === state.place?.reservation;
    if (isOffer) return offeredOutcome(state.reservation, isCancelled);
    const mayBuyMore = !isOver && unitsLeft() > 0;
    const outcome = reservationOutcome(state.reservation, { mayBuyMore, isCancelled });
    return state.notice === undefined ? outcome : { ...outcome, text: `${state.notice.text} ${outcome.text}` };
  }
  const place = state.place === undefined ? undefined : placeOutcome(state.place);
  if (place !== undefined && state.notice === undefined) return place;
  if (isCancelled) return outcomes.cancelled;
  if (isOver || state.notice !== undefined) return isOver ? outcomes.over : state.notice;
  // Whoever needs a code enters the room after it.
  return state.user !== undefined && !isInvited() ? undefined : currentRoomOutcome();
}
