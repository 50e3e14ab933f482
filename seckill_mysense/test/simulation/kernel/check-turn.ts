import type { Message, SimulatedGate } from "./simulated-gate.ts";
import type { SimulatedLedger } from "./simulated-ledger.ts";
import { isOffer } from "./simulated-lists.ts";

/** What the check needs of a shop. */
interface Surroundings {
  readonly ledger: SimulatedLedger;
  readonly gate: SimulatedGate;
  readonly mayLoseReservations: boolean;
  readonly passedOver: ReadonlySet<number>;
  fail(problem: string): void;
}

/**
 * I11: units go to those who wait, in the order in which they came. Checked at each acceptance of the gate, since the order
 * of acceptances is the order of offers.
 */
export function checkTurn(
  shop: Surroundings,
  { productId, userId, reservationId }: Omit<Message, "epoch" | "sequence">,
): void {
  const { ledger, gate } = shop;
  const waiting = ledger.lists.waiting(productId);
  if (!isOffer(reservationId)) {
    if (waiting.length > 0) shop.fail(`I11: ${userId} got a unit of ${productId}, for which others wait`);
    return;
  }
  // A gate that fell back between two offers may have forgotten the first one.
  if (shop.mayLoseReservations) return;
  const place = ledger.lists.find(reservationId)?.place ?? Number.MAX_SAFE_INTEGER;
  const { limitPerUser } = ledger.product(productId);
  const holders = gate.products.get(productId)?.holders;
  for (const other of waiting) {
    const held = holders?.get(other.userId) ?? [];
    if (shop.passedOver.has(other.place)) continue;
    const hasOffer = held.includes(other.reservationId) || held.length >= limitPerUser;
    if (other.place < place && !hasOffer) shop.fail(`I11: ${userId} was offered a unit before ${other.userId}`);
  }
}
