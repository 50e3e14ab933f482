import type { Shop } from "./shop.ts";
import { unitsHeld } from "./simulated-gate.ts";
import { isActive } from "./simulated-ledger.ts";
import { isOffer } from "./simulated-lists.ts";

/** What holds after every single step. */
export function checkAlways(shop: Shop): void {
  const { ledger, productIds } = shop;
  for (const row of ledger.bundles.rows.values()) {
    if (row.state !== "complete") continue;
    const [first, ...others] = ledger.bundles.ordersOf(row);
    const isOne = others.every(({ state, paymentId }) => state === first!.state && paymentId === first!.paymentId);
    if (!isOne) shop.fail(`I10: the parts of ${row.bundleId} are in different states`);
  }
  for (const id of productIds) {
    const { total, reserved, sold } = ledger.product(id);
    if (reserved < 0 || sold < 0 || reserved + sold > total) {
      shop.fail(`I1: ${id} has ${reserved} reserved and ${sold} sold of ${total}`);
    }
  }
}

/** What holds when nothing is on its way, and buyers were left. */
export function checkAtRest(shop: Shop): void {
  for (const id of shop.productIds) checkProduct(shop, id);
  checkTotals(shop);
  checkAnswers(shop);
  checkMoney(shop);
  checkWaiters(shop);
  checkBundles(shop);
}

/** I10: a bundle is whole and has one state and one payment, or it holds nothing; and its buyer was told so. */
function checkBundles(shop: Shop): void {
  const { bundles } = shop.ledger;
  for (const row of bundles.rows.values()) {
    const { bundleId, state, parts } = row;
    const orders = bundles.ordersOf(row);
    for (const told of shop.bundlesTold.get(bundleId) ?? []) {
      if ((told === "won") === (state === "complete")) continue;
      shop.fail(`I10: the buyer of ${bundleId} was told ${told}, and it is ${state}`);
    }
    const isWhole = orders.length === parts;
    const isOver = state === "broken" && !orders.some(isActive) && !orders.some(({ paymentId }) => paymentId);
    if (state === "complete" ? !isWhole : !isOver) {
      shop.fail(`I10: ${bundleId} is ${state}, with ${orders.length} of ${parts} parts`);
    }
  }
}

/** I11: one place, one offer; and none for somebody who has left. */
function checkWaiters(shop: Shop): void {
  const { ledger, leftPlaces } = shop;
  const offers = [...ledger.orders.values()].filter(({ reservationId }) => isOffer(reservationId));
  for (const { userId, reservationId } of offers) {
    const row = ledger.lists.find(reservationId);
    if (row === undefined) shop.fail(`I11: the order ${reservationId} of ${userId} was offered for no place`);
    else if (leftPlaces.has(row.place))
      shop.fail(`I11: ${userId} got ${reservationId} after leaving place ${row.place}`);
  }
}

/** I14: each change of the units counts once, and a move keeps the sum. */
function checkTotals(shop: Shop): void {
  const { ledger, productIds, unitsInAll } = shop;
  const units = productIds.reduce((sum, id) => sum + ledger.product(id).total, 0);
  const expected = unitsInAll + ledger.changes.unitsAdded;
  if (units !== expected) shop.fail(`I14: all products together have ${units} units instead of ${expected}`);
}

function checkProduct(shop: Shop, id: string): void {
  const { ledger, gate } = shop;
  const { total, reserved, sold, limitPerUser, epoch } = ledger.product(id);
  const orders = [...ledger.orders.values()].filter((order) => order.productId === id);
  const count = (state: string): number =>
    orders.reduce((sum, order) => sum + (order.state === state ? order.quantity : 0), 0);
  if (count("reserved") !== reserved || count("paid") !== sold) {
    shop.fail(`I1: the totals of ${id} differ from its orders`);
  }
  const status = gate.status(id);
  if (status === undefined || status.epoch !== epoch)
    return shop.fail(`I6: the gate of ${id} is not in epoch ${epoch}`);
  if (status.available + reserved + sold !== total) {
    shop.fail(`I6: ${id} has ${status.available} at the gate, ${reserved} reserved, ${sold} sold of ${total}`);
  }
  if (reserved + sold < total)
    shop.fail(`I8: ${reserved + sold} of ${total} units of ${id} are taken, buyers were left`);
  const held = new Map<string, string[]>();
  for (const order of orders.filter(isActive)) {
    held.set(order.userId, [...(held.get(order.userId) ?? []), ...unitsHeld(order)]);
  }
  for (const [user, reservations] of held) {
    if (reservations.length > limitPerUser) shop.fail(`I2: ${user} holds ${reservations.length} units of ${id}`);
  }
  const sorted = (holders: ReadonlyMap<string, readonly string[]>): string =>
    JSON.stringify([...holders].map(([user, ids]) => [user, ids.toSorted()]).sort());
  const atGate = gate.products.get(id)?.holders ?? new Map();
  if (sorted(atGate) !== sorted(held)) {
    shop.fail(`I6: the gate's holders of ${id} are ${sorted(atGate)}, the ledger's ${sorted(held)}`);
  }
}

function checkAnswers(shop: Shop): void {
  const { ledger, told } = shop;
  for (const id of ledger.orders.keys())
    if (!shop.tokens.has(id)) shop.fail(`I3: ${id} is a second order of one token`);
  for (const [reservationId, heard] of told) {
    const order = ledger.orders.get(reservationId);
    const rejection = ledger.rejections.get(reservationId);
    if (order !== undefined && rejection !== undefined) shop.fail(`I3: ${reservationId} has an order and a rejection`);
    if (heard.includes("won") && order === undefined) shop.fail(`I4: ${reservationId} was told won, without an order`);
    if (heard.includes("rejected") && rejection === undefined) shop.fail(`I3: ${reservationId} was told rejected`);
    // Who is told "lost" may ask again with the same reservation.
    const isLast = shop.lostAfter.get(reservationId) === shop.gate.acceptances.get(reservationId);
    if (isLast && order !== undefined) shop.fail(`I5: ${reservationId} was told lost, and has an order`);
    if (heard.includes("won") && heard.includes("rejected"))
      shop.fail(`I3: ${reservationId} was told won and rejected`);
    // A gate that is compared with the ledger gives away neither units that do not exist nor more than a user may hold.
    // Who leaves the waiting list while an offer is on its way does not get it.
    if (rejection?.reason === "not_waiting") continue;
    if (rejection !== undefined && rejection.reason !== "gate_lost") {
      shop.fail(`I5: ${reservationId} was accepted and then rejected: ${rejection.reason}`);
    }
    if (order === undefined && !shop.mayLoseReservations) {
      shop.fail(`I5: ${reservationId} was accepted and has no order, though nothing was lost`);
    }
  }
}

/** I9: money is kept for exactly the paid orders, and all other money went back once. */
function checkMoney(shop: Shop): void {
  const { ledger, provider } = shop;
  const paidBy = new Set([...ledger.orders.values()].map((order) => order.state === "paid" && order.paymentId));
  for (const { paymentId } of provider.charges) {
    const refunds = [...provider.refunds.values()].filter((refunded) => refunded === paymentId).length;
    const expected = paidBy.has(paymentId) ? 0 : 1;
    if (refunds !== expected) shop.fail(`I9: ${paymentId} was refunded ${refunds} times instead of ${expected}`);
  }
  for (const { state, paymentId, reservationId } of ledger.orders.values()) {
    if (state === "paid" && !provider.charges.some((charge) => charge.paymentId === paymentId)) {
      shop.fail(`I9: ${reservationId} is paid without money`);
    }
  }
}
