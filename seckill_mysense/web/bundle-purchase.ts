import type { FailureBody } from "../src/contract/endpoint.ts";
import type { Reservation } from "../src/contract/reservations.ts";
import { call } from "./api.ts";
import type { Product } from "./offer-view.ts";
import { outcomes, refusedOutcome, type Outcome } from "./outcome-view.ts";
import { askUntilFinal } from "./purchase.ts";

/** A product of a bundle, and how many units of it the buyer wants. */
export interface Wish {
  readonly product: Product;
  readonly quantity: number;
}

export type AskedBundle =
  | { readonly kind: "reserved"; readonly reservation: Reservation }
  /** The buyer holds one of the products already, by this reservation. */
  | { readonly kind: "held"; readonly reservation: Reservation; readonly notice: Outcome }
  | { readonly kind: "refused"; readonly notice: Outcome }
  | { readonly kind: "no_session" };

/**
 * The token of a bundle whose outcome is unknown, by the buyer's session. The same wish asks with it again, so that it
 * is bought once at most. The next user asks with a token of their own.
 */
const unsettled = new WeakMap<AbortSignal, { readonly wish: string; readonly token: string }>();

/** Asks for several products, all or none of them. Nothing is asked for after the end of the session. */
export async function askForBundle(wishes: readonly Wish[], session: AbortSignal): Promise<AskedBundle> {
  const products = wishes.map(({ product: { id }, quantity }) => ({ productID: id, quantity }));
  const wish = JSON.stringify(products);
  let asking = unsettled.get(session);
  if (asking?.wish !== wish) {
    const issued = await call("POST /api/token", { body: { products }, session });
    if (issued.status === 401) return { kind: "no_session" };
    if ("refused" in issued) return { kind: "refused", notice: refusedOutcome(issued.refused.message) };
    asking = { wish, token: issued.ok.token };
    unsettled.set(session, asking);
  }
  const { answer, isFinal } = await askUntilFinal({ bearer: asking.token, session });
  if (isFinal) unsettled.delete(session);
  if ("refused" in answer) return refused(answer.refused, wishes);
  const { reservation, parts = [] } = answer.ok;
  return {
    kind: "reserved",
    reservation: { reservation, status: "pending", parts: parts.map((part) => ({ ...part, status: "pending" })) },
  };
}

function refused({ error, message, productID, reservation }: FailureBody, wishes: readonly Wish[]): AskedBundle {
  if (error === "sale_ended") return { kind: "refused", notice: outcomes.over };
  const name = wishes.find(({ product }) => product.id === productID)?.product.name ?? productID ?? "one product";
  if (error === "over_limit" && reservation !== undefined) {
    const text = `You had this order before. With it, that would have been more of ${name} than one buyer may have.`;
    return { kind: "held", reservation: { reservation, status: "pending", productID }, notice: refusedOutcome(text) };
  }
  return { kind: "refused", notice: refusedBundle(error, name, message) };
}

/** Says nothing of what the buyer has besides: an answer to an earlier request may have been lost. */
function refusedBundle(error: string, name: string, message: string): Outcome {
  const nothing = "You got none of the products this time.";
  switch (error) {
    case "sold_out":
      return { ...refusedOutcome(`${name} is sold out. ${nothing}`), title: "Not all are left" };
    case "too_few_left":
      return { ...refusedOutcome(`There are too few left of ${name}. ${nothing}`), title: "Not all are left" };
    case "over_limit":
      return refusedOutcome(`With what you have, that is more of ${name} than one buyer may have. ${nothing}`);
    case "bundle_broken":
      return refusedOutcome(`It was not complete in time. ${nothing}`);
    default:
      return refusedOutcome(message);
  }
}
