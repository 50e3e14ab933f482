import type { FailureBody } from "../src/contract/endpoint.ts";
import type { RoomView } from "../src/contract/rooms.ts";
import { button, element, setText, show } from "./elements.ts";
import { keepReceipt, receiptOf } from "./kept-receipt.ts";
import { type Outcome, refusedOutcome } from "./outcome-view.ts";
import { state } from "./page-state.ts";
import { enterRoom, type RoomAnswer, watchRoom } from "./room.ts";
import { roomOutcome, turnText } from "./room-view.ts";
import { workText } from "./work.ts";

/** The waiting room of the shown sale, as this user sees it. */
interface ShownRoom {
  readonly saleID: string | undefined;
  readonly userID: string | undefined;
  view: RoomView | undefined;
  refused: FailureBody | undefined;
}

let room: ShownRoom = { saleID: undefined, userID: undefined, view: undefined, refused: undefined };
let stop: () => void = () => {};

/** Follows the room of the sale and the user that are shown now. `onNews` is called whenever something is new. */
export function followRoom(onNews: () => void): void {
  const sale = state.offer?.sale;
  const [saleID, userID] = [sale?.room && sale.id, state.user?.userID];
  if (room.saleID === saleID && room.userID === userID) return;
  stop();
  room = { saleID, userID, view: undefined, refused: undefined };
  stop = saleID === undefined ? () => {} : watchRoom(saleID, (answer) => take(answer, onNews));
}

function take(answer: RoomAnswer, onNews: () => void): void {
  room.refused = "refused" in answer ? answer.refused : undefined;
  // While the server cannot be asked, the visitor's place is as it was.
  if ("view" in answer) room.view = answer.view;
  onNews();
}

/** Whether the user may have a token: there is no room, or it is the user's turn. */
export function mayHaveToken(): boolean {
  return room.saleID === undefined || isTurn();
}

/** The turn was not used in time. */
export function turnIsOver(): void {
  if (room.view !== undefined) room.view = { ...room.view, state: "expired" };
}

export async function enterShownRoom(onNews: () => void): Promise<void> {
  const entered = room;
  const { saleID, userID } = entered;
  if (saleID === undefined || userID === undefined) return;
  button("enter").disabled = true;
  const answer = await enterRoom(saleID, (secondsLeft) => {
    if (room === entered) setText("enter-hint", workText("so that nobody enters with many accounts", secondsLeft));
  });
  setText("enter-hint", "");
  button("enter").disabled = false;
  if (room !== entered) return;
  if ("receipt" in answer) keepReceipt({ saleID, userID }, answer.receipt);
  take(answer, onNews);
  element("outcome").focus();
}

/** What is said of the room; undefined when the user may buy. */
export function currentRoomOutcome(): Outcome | undefined {
  const { refused, saleID, userID, view } = room;
  if (saleID === undefined) return undefined;
  const outcome = view && roomOutcome(view);
  if (outcome === undefined)
    return refused === undefined || view !== undefined ? undefined : refusedOutcome(refused.message);
  if (userID !== undefined) return outcome;
  if (view?.state === "closed")
    return { ...outcome, text: `${outcome.text} If you entered, log in to see your place.` };
  if (outcome.actions === undefined) return outcome;
  return { ...outcome, text: `${outcome.text} Register or log in to enter.`, actions: [] };
}

/** Whether the visitor has come through a room. */
const isTurn = (): boolean => room.view?.state === "admitted" || room.view?.state === "used";

/** What is said beside the button to buy; undefined for whoever has not come through a room. */
export const turnHint = (): string | undefined => (isTurn() && room.view ? turnText(room.view) : undefined);

/** What a visitor needs to check the draw. */
export function showProof(): void {
  const { saleID, userID, view } = room;
  const receipt = saleID === undefined || userID === undefined ? undefined : receiptOf({ saleID, userID });
  const isDrawn = view?.place !== undefined && view.mode !== "queue";
  show("proof", receipt !== undefined || isDrawn);
  show("save-receipt", receipt !== undefined);
  show("check-draw", isDrawn);
  (element("draw-file") as HTMLAnchorElement).href = `/api/room/disclosure?saleID=${encodeURIComponent(saleID ?? "")}`;
  const link = element("save-receipt") as HTMLAnchorElement;
  if (receipt === undefined || link.dataset["receipt"] === receipt) return;
  URL.revokeObjectURL(link.href);
  link.dataset["receipt"] = receipt;
  link.href = URL.createObjectURL(new Blob([receipt], { type: "application/json" }));
}
