import type { SessionUser } from "../src/contract/accounts.ts";
import type { Reservation } from "../src/contract/reservations.ts";
import type { WaitingPlace } from "../src/contract/waiting-list.ts";
import { watchAccountForm } from "./account-form.ts";
import { call } from "./api.ts";
import { chooseNothingElse, chosenWith, showBundleChoice } from "./bundle-choice.ts";
import { askForBundle } from "./bundle-purchase.ts";
import { serverNowMs } from "./clock.ts";
import { hideCountdown, showCountdown } from "./countdown.ts";
import { currentOutcome } from "./current-outcome.ts";
import { button, element, setText, show } from "./elements.ts";
import { chooseOffer, phaseOf, showNoOffer, showOffer, showOthers } from "./offer-view.ts";
import { showOrder } from "./order-view.ts";
import { outcomes, refusedOutcome, showOutcome } from "./outcome-view.ts";
import { overLimitOutcome, tooFewLeftOutcome } from "./outcome-view.ts";
import { watchLogOut } from "./log-out.ts";
import { currentSession, forgetUser, held, keep, state, unitsHeld, unitsLeft } from "./page-state.ts";
import { tellOtherTabs, watchOtherTabs } from "./other-tabs.ts";
import { askForUnits, type Asked, followReservation, readReservation, type Wanted } from "./purchase.ts";
import { chooseQuantity, chosenQuantity, showQuantityChoice } from "./quantity-choice.ts";
import { readSales } from "./read-sales.ts";
import { followInvitation, isInvited, linkedSaleId, showCodeForm, watchCodeForm } from "./invitation-code.ts";
import { enterShownRoom, followRoom, mayHaveToken, showProof, turnHint, turnIsOver } from "./room-panel.ts";
import { joinLine, leaveLine, readLine, type Line } from "./waiting-line.ts";

const refreshMs = 2_000;
const tickMs = 250;
let stopFollowing: () => void = () => {};

function render(): void {
  const { offer, user } = state;
  show("account", user !== undefined);
  setText("account-name", user?.name ?? "");
  if (offer === undefined) return;
  const phase = phaseOf(offer);
  if (phase === "before") showCountdown("Starts in", offer.sale.startsAtMs - serverNowMs());
  else if (phase === "open") showCountdown("Ends in", offer.sale.endsAtMs - serverNowMs());
  else hideCountdown();
  const isPaused = offer.sale.paused || offer.product.paused;
  const outcome = currentOutcome(phase === "over");
  showOutcome(outcome);
  showOrder(state.reservation, offer);
  show("account-form", user === undefined && phase !== "over");
  showCodeForm();
  show("buy-panel", user !== undefined && phase !== "over" && outcome === undefined && isInvited());
  showQuantityChoice(Math.min(unitsLeft(), offer.product.total), offer.product, chosenWith(offer).length === 0);
  showBundleChoice(offer, chosenQuantity());
  show("order-of-coming", offer.sale.room === undefined);
  showProof();
  button("buy").disabled = phase !== "open" || isPaused || state.token === undefined;
  setText("buy-hint", buyHint(phase === "open", isPaused));
}

function buyHint(isOpen: boolean, isPaused: boolean): string {
  if (isPaused) return "The sale is paused. You can buy as soon as it goes on.";
  if (state.token === undefined) return "Getting your token";
  const units = unitsHeld();
  if (units > 0) return `You have ${units} of ${state.offer?.product.limitPerUser} units.`;
  if (isOpen) return turnHint() ?? "The sale is open.";
  return "You have your token. You can buy as soon as the sale starts.";
}

function follow(reservation: Reservation): void {
  stopFollowing();
  keep(reservation);
  stopFollowing = followReservation(reservation.reservation, reservation.productID, (news) => {
    keep(news);
    if (news.status !== "pending" && news.status !== "won") stopFollowing();
    render();
  });
  render();
}

async function getToken(): Promise<void> {
  const productID = state.offer?.product.id;
  const signal = currentSession();
  if (productID === undefined || state.user === undefined || !mayHaveToken() || !isInvited()) return;
  const answer = await call("POST /api/token", { body: { productID } });
  if (signal.aborted) return;
  if ("ok" in answer) state.token = answer.ok.token;
  else if (answer.status === 401) endSession();
  else if (answer.refused.error === "room_place_expired") turnIsOver();
  else if (answer.refused.error !== "sale_ended") {
    setTimeout(() => {
      if (!signal.aborted) void getToken();
    }, refreshMs);
  }
  render();
}

function takeRoomNews(): void {
  if (state.token === undefined && mayHaveToken()) void getToken();
  render();
}

/** Shows what is asked for until the answer is there. Undefined if the session has ended meanwhile. */
async function whileAsking<T>(what: string, ask: (session: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const signal = currentSession();
  state.asking = what;
  state.notice = undefined;
  render();
  // The button that had the focus is gone, so the focus moves here for buyers who use the keyboard.
  element("outcome").focus();
  const answer = await ask(signal);
  if (signal.aborted) return undefined;
  state.asking = undefined;
  return answer;
}

async function buy(quantity: number): Promise<void> {
  const { offer, token } = state;
  if (offer === undefined || token === undefined || state.asking !== undefined) return;
  const wanted = { productID: offer.product.id, quantity, token };
  const what = quantity === 1 ? "a unit" : `${quantity} units`;
  const asked = await whileAsking(what, (signal) => askForUnits({ ...wanted, session: signal }));
  if (asked === undefined) return;
  await takeAnswer(asked, { ...wanted, limit: offer.product.limitPerUser });
  await refresh();
}

/** The shown product, and all others that the buyer has chosen with it. */
async function buyChosen(): Promise<void> {
  const { offer } = state;
  const others = offer === undefined ? [] : chosenWith(offer);
  if (offer === undefined || others.length === 0) return buy(chosenQuantity());
  const quantity = chosenQuantity();
  const wishes = [{ product: offer.product, quantity }, ...others.map((product) => ({ product, quantity: 1 }))];
  const asked = await whileAsking(`${wishes.length} products together`, (signal) => askForBundle(wishes, signal));
  if (asked === undefined) return;
  if (asked.kind === "no_session") endSession();
  else if (asked.kind === "refused") state.notice = asked.notice;
  else {
    if (asked.kind === "held") state.notice = asked.notice;
    chooseQuantity(1);
    chooseNothingElse();
    follow(asked.reservation);
  }
  await refresh();
}

async function takeAnswer(asked: Asked, wanted: Omit<Wanted, "session"> & { readonly limit: number }): Promise<void> {
  switch (asked.kind) {
    case "reserved": {
      chooseQuantity(1);
      const { reservation, quantity } = asked;
      return follow({ reservation, quantity, status: "pending", productID: wanted.productID });
    }
    case "sold_out":
      state.notice = asked.canWait ? outcomes.sold_out_can_wait : outcomes.sold_out;
      return;
    case "too_few_left":
      state.notice = tooFewLeftOutcome({ wanted: wanted.quantity, left: asked.left });
      return;
    case "over_limit":
      state.unitsElsewhere = Math.max(0, wanted.limit - asked.left - (held()?.units ?? 0));
      state.notice = overLimitOutcome({ limit: wanted.limit, left: asked.left });
      return;
    case "over":
      state.notice = outcomes.over;
      return;
    case "refused":
      state.notice = refusedOutcome(asked.message);
      return;
    case "stale_token":
      return renewToken();
  }
}

async function renewToken(): Promise<void> {
  state.token = undefined;
  await getToken();
}

/** Starts another purchase with a new token, because the old token stands for the old reservation. */
async function tryAgain(): Promise<void> {
  const wasReserved = state.reservation !== undefined;
  stopFollowing();
  state.reservation = undefined;
  state.place = undefined;
  state.notice = undefined;
  if (wasReserved || state.token === undefined) await renewToken();
  render();
  button("buy").focus();
}

async function changeLine(change: (productID: string) => Promise<Line>): Promise<void> {
  const productID = state.offer?.product.id;
  if (productID === undefined) return;
  for (const name of ["wait", "leave"]) button(name).disabled = true;
  const signal = currentSession();
  const line = await change(productID);
  for (const name of ["wait", "leave"]) button(name).disabled = false;
  if (signal.aborted) return;
  stopFollowing();
  state.reservation = undefined;
  if ("place" in line) await takePlace(line.place);
  else state.notice = refusedOutcome(line.refused.message);
  render();
  element("outcome").focus();
}

/** Shows a place. When it has become an offer, the offer's order is followed like any other. */
async function takePlace(place: WaitingPlace): Promise<void> {
  state.notice = undefined;
  state.place = place;
  const { reservation: id, productID } = place;
  if (id === undefined || id === state.reservation?.reservation) return;
  const reservation = await readReservation(id, productID);
  if (reservation !== undefined && state.place === place) follow(reservation);
}

/** The server knows the place, so it is there again after a reload, and on the buyer's other devices. */
async function readPlace(): Promise<void> {
  const { offer, user } = state;
  if (offer === undefined || user === undefined) return;
  const line = await readLine(offer.product.id);
  if (!("place" in line) || state.user !== user) return;
  // A place that was given up says nothing any more when the buyer comes back.
  if (line.place.state !== "left" || state.place !== undefined) await takePlace(line.place);
}

async function settle(action: "pay" | "cancel"): Promise<void> {
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
    if (read !== undefined && !signal.aborted) state.reservation = read;
  }
  render();
}

async function enter(user: SessionUser): Promise<void> {
  endSession();
  const signal = currentSession();
  state.user = user;
  await followInvitation(takeRoomNews);
  if (signal.aborted) return;
  followRoom(takeRoomNews);
  render();
  const [known] = await Promise.all([held()?.readAll(), getToken()]);
  if (signal.aborted) return;
  if (known !== undefined) follow(known);
  await readPlace();
  render();
}

/** What a user has asked for, or is asking for, ends with the user's session. */
function endSession(): void {
  stopFollowing();
  forgetUser();
  chooseQuantity(1);
  chooseNothingElse();
  followRoom(takeRoomNews);
}

function leaveSession(): void {
  tellOtherTabs(undefined);
  endSession();
  render();
  element("name").focus();
}

/** The user of the browser's session, which may be another one than before. */
async function enterSession(): Promise<void> {
  const session = await call("GET /api/session");
  if ("ok" in session && session.ok !== null) await enter(session.ok);
}

/** This page must not go on with the session of another user. */
async function followOtherTab(userID: string | undefined): Promise<void> {
  if (userID === state.user?.userID) return;
  endSession();
  render();
  await enterSession();
}

async function refresh(): Promise<void> {
  const sales = await readSales();
  if (sales === undefined) return;
  state.sales = sales;
  const wanted = new URLSearchParams(location.search).get("productID");
  const saleId = linkedSaleId();
  state.offer = chooseOffer(sales, { productId: state.offer?.product.id ?? wanted, saleId });
  if (state.offer !== undefined) showOffer(state.offer);
  else if (wanted !== null) showNoOffer("No such product", `There is no product ${wanted} in any sale.`);
  else if (saleId !== null) showNoOffer("No such sale", `There is no sale ${saleId}.`);
  else showNoOffer("Nothing on sale", "Come back when a sale is announced.");
  await followInvitation(takeRoomNews);
  followRoom(takeRoomNews);
  showOthers(sales, state.offer);
  if (state.place?.state === "waiting") await readPlace();
  render();
}

async function start(): Promise<void> {
  watchAccountForm((user) => {
    tellOtherTabs(user.userID);
    void enter(user);
  });
  watchCodeForm(takeRoomNews);
  watchOtherTabs((userID) => void followOtherTab(userID));
  button("buy").addEventListener("click", () => void buyChosen());
  button("take").addEventListener("click", () => void buy(state.notice?.take ?? 1));
  for (const name of ["quantity", "together"]) element(name).addEventListener("change", render);
  button("again").addEventListener("click", () => void tryAgain());
  button("enter").addEventListener("click", () => void enterShownRoom(takeRoomNews));
  button("pay").addEventListener("click", () => void settle("pay"));
  button("cancel").addEventListener("click", () => void settle("cancel"));
  button("wait").addEventListener("click", () => void changeLine(joinLine));
  button("leave").addEventListener("click", () => void changeLine(leaveLine));
  watchLogOut(leaveSession);
  await refresh();
  await enterSession();
  setInterval(render, tickMs);
  setInterval(() => {
    if (document.visibilityState === "visible") void refresh();
  }, refreshMs);
}

void start();
