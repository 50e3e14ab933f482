import { proposeLogIn } from "./account-form.ts";
import { chosenWith, showBundleChoice } from "./bundle-choice.ts";
import { isConnectionLost } from "./connection.ts";
import { button, setText, show } from "./elements.ts";
import { isInvited, showCodeForm } from "./invitation-code.ts";
import { type Offer, type Phase, unitsAvailable } from "./offer-view.ts";
import { state, unitsHeld, unitsLeft } from "./page-state.ts";
import { chosenQuantity, showQuantityChoice } from "./quantity-choice.ts";
import { turnHint } from "./room-panel.ts";

/** `isFree`: nothing else is said about the buyer, who may buy. */
export function showBuyPanel(offer: Offer, phase: Phase, isFree: boolean): void {
  const { sale, product } = offer;
  showCodeForm();
  show("buy-panel", state.user !== undefined && phase !== "over" && isFree && isInvited());
  showQuantityChoice(Math.min(unitsLeft(), product.total), product, chosenWith(offer).length === 0);
  showBundleChoice(offer, chosenQuantity());
  const isPaused = sale.paused || product.paused;
  button("buy").disabled = phase !== "open" || isPaused || state.token === undefined || isConnectionLost();
  setText("buy-hint", buyHint(phase === "open", isPaused));
}

/** After the end, too: winners pay then, and look at what they have. */
export function showAccountForm(phase: Phase): void {
  const { offer, user } = state;
  show("account-form", user === undefined);
  if (phase === "over") proposeLogIn();
  const isSoldOut = phase === "open" && offer !== undefined && unitsAvailable(offer.product) === 0;
  if (phase === "over") setText("account-hint", "Log in to see your orders, and to pay for what you have won.");
  else setText("account-hint", isSoldOut ? "You can still come in: units that are given back are sold again." : "");
}

function buyHint(isOpen: boolean, isPaused: boolean): string {
  if (isConnectionLost()) return "No connection. You can buy as soon as it is back.";
  if (isPaused) return "The sale is paused. You can buy as soon as it goes on.";
  if (state.token === undefined) return "Getting ready";
  const units = unitsHeld();
  if (units > 0) return `You have ${units} of ${state.offer?.product.limitPerUser} units.`;
  if (isOpen) return turnHint() ?? "The sale is open.";
  return "You are ready: you can buy as soon as the sale starts.";
}
