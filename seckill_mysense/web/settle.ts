import { call } from "./api.ts";
import { button, element, setText } from "./elements.ts";
import { refusedOutcome } from "./outcome-view.ts";
import { currentSession, keep, state } from "./page-state.ts";
import { readReservation } from "./purchase.ts";

/** Asks first, since others may have the units a moment later. `render` shows what has changed. */
export async function giveBack(render: () => void): Promise<void> {
  const { reservation } = state;
  const isMeant = await confirmGivingBack(element("cancel").textContent);
  // News may have come while the question was open.
  if (isMeant && state.reservation === reservation) await settle("cancel", render);
}

/** The same request may be made again without harm: nobody pays twice. */
const unanswered = "No answer came. Try again: nothing is done twice.";

/** Pays for the shown reservation, or gives it back. */
export async function settle(action: "pay" | "cancel", render: () => void): Promise<void> {
  const id = state.reservation?.reservation;
  if (id === undefined) return;
  const signal = currentSession();
  state.notice = undefined;
  for (const name of ["pay", "cancel"]) button(name).disabled = true;
  const key = action === "pay" ? "POST /api/orders/:id/pay" : "POST /api/orders/:id/cancel";
  const answer = await call(key, { params: { id } });
  for (const name of ["pay", "cancel"]) button(name).disabled = false;
  if (signal.aborted) return;
  if ("ok" in answer && "payUrl" in answer.ok && answer.ok.payUrl !== undefined) {
    location.assign(answer.ok.payUrl);
    return;
  }
  if ("ok" in answer) {
    keep(answer.ok);
  } else {
    const read = await readReservation(id, state.reservation?.productID ?? state.offer?.product.id);
    if (signal.aborted) return;
    if (read !== undefined) keep(read);
    // An answer that was lost may have done what was asked for.
    const isOpen = state.reservation?.status === "won";
    if (isOpen) state.notice = refusedOutcome(answer.status === 0 ? unanswered : answer.refused.message);
  }
  render();
  element("outcome").focus();
}

/** Whether the buyer means it. `action`: what the button says. */
function confirmGivingBack(action: string): Promise<boolean> {
  const dialog = element("give-back") as HTMLDialogElement;
  setText("give-back-title", `${action}?`);
  setText("give-back-yes", `Yes, ${action[0]!.toLowerCase()}${action.slice(1)}`);
  // A dialog that is left by the escape key has no value.
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
