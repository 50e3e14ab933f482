import type { SessionUser } from "../src/contract/accounts.ts";
import type { Reservation } from "../src/contract/reservations.ts";
import type { WaitingPlace } from "../src/contract/waiting-list.ts";
import { watchAccountForm } from "./account-form.ts";
import { call } from "./api.ts";
import { chooseNothingElse, chosenWith } from "./bundle-choice.ts";
import { askForBundle } from "./bundle-purchase.ts";
import { showAccountForm, showBuyPanel } from "./buy-panel.ts";
import { serverNowMs } from "./clock.ts";
import { noteConnection, watchConnection } from "./connection.ts";
import { hideCountdown, showCountdown } from "./countdown.ts";
import { currentOutcome } from "./current-outcome.ts";
import { button, element, setText, show } from "./elements.ts";
import { chooseOffer, phaseOf, showNoOffer, showOffer, showOthers } from "./offer-view.ts";
import { showStock, showTitle, tellStock, unitsAvailable } from "./offer-view.ts";
import { showOrder } from "./order-view.ts";
import { readOrders, showOrders } from "./orders-view.ts";
import { outcomes, refusedOutcome, showOutcome } from "./outcome-view.ts";
import { overLimitOutcome, tooFewLeftOutcome } from "./outcome-view.ts";
import { watchLogOut } from "./log-out.ts";
import { currentSession, forgetUser, held, keep, state, takeOrders } from "./page-state.ts";
import { tellOtherTabs, watchOtherTabs } from "./other-tabs.ts";
import { askForUnits, type Asked, followReservation, readReservation, type Wanted } from "./purchase.ts";
import { chooseQuantity, chosenQuantity } from "./quantity-choice.ts";
import { poll } from "./polling.ts";
import { readSales } from "./read-sales.ts";
import { followInvitation, isInvited, linkedSaleId, watchCodeForm } from "./invitation-code.ts";
import { enterShownRoom, followRoom, mayHaveToken, showProof, turnIsOver } from "./room-panel.ts";
import { giveBack, settle } from "./settle.ts";
import { joinLine, leaveLine, readLine, type Line } from "./waiting-line.ts";

const tokenAgainMs = 2_000;
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
  const outcome = currentOutcome(phase === "over");
  showOutcome(outcome);
  showOrder(state.reservation, offer);
  showTitle(offer, state.reservation && outcome?.title);
  showStock(offer);
  showOrders(state.orders, state.sales);
  showAccountForm(phase);
  showBuyPanel(offer, phase, outcome === undefined);
  show("order-of-coming", offer.sale.room === undefined);
  showProof();
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
    }, tokenAgainMs);
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
      const { product } = state.offer ?? {};
      if (product !== undefined)
        tellStock(product.id, Math.max(0, (unitsAvailable(product) ?? product.total) - quantity));
      return follow({ reservation, quantity, status: "pending", productID: wanted.productID });
    }
    case "sold_out":
      tellStock(wanted.productID, 0);
      state.notice = asked.canWait ? outcomes.sold_out_can_wait : outcomes.sold_out;
      return;
    case "too_few_left":
      tellStock(wanted.productID, asked.left);
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

async function enter(user: SessionUser): Promise<void> {
  endSession();
  const signal = currentSession();
  state.user = user;
  await followInvitation(takeRoomNews);
  if (signal.aborted) return;
  followRoom(takeRoomNews);
  render();
  const [orders, , remembered] = await Promise.all([readOrders(), getToken(), held()?.readAll()]);
  if (signal.aborted) return;
  const listed = orders && takeOrders(orders);
  // One of another device may be still to be paid.
  const isSettled = remembered === undefined || remembered.status === "paid";
  const known = isSettled ? (listed ?? remembered) : remembered;
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
  const sales = await readSales(state.sales, state.offer?.sale);
  noteConnection(sales !== undefined);
  if (sales === undefined) return render();
  state.sales = sales;
  const wanted = new URLSearchParams(location.search).get("productID");
  const saleId = linkedSaleId();
  state.offer = chooseOffer(sales, { productId: state.offer?.product.id ?? wanted, saleId });
  if (state.offer === undefined) showNoOffer({ productId: wanted, saleId });
  else showOffer(state.offer);
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
  button("pay").addEventListener("click", () => void settle("pay", render));
  button("cancel").addEventListener("click", () => void giveBack(render));
  button("wait").addEventListener("click", () => void changeLine(joinLine));
  button("leave").addEventListener("click", () => void changeLine(leaveLine));
  watchLogOut(leaveSession);
  watchConnection({ onLost: render, onBack: () => void refresh() });
  await refresh();
  await enterSession();
  setInterval(render, tickMs);
  poll(refresh);
}

void start();
