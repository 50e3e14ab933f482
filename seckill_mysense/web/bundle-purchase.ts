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

/** The token of a bundle whose outcome is unknown. The same wish asks with it again, so that it is bought once at most. */
let unsettled: { readonly wish: string; readonly token: string } | undefined;

/** Asks for several products, all or none of them. Resolves with the reservation, or with what to show without one. */
export async function askForBundle(wishes: readonly Wish[]): Promise<Reservation | { readonly notice: Outcome }> {
  const products = wishes.map(({ product: { id }, quantity }) => ({ productID: id, quantity }));
  const wish = JSON.stringify(products);
  if (unsettled?.wish !== wish) {
    const issued = await call("POST /api/token", { body: { products } });
    if ("refused" in issued) return { notice: refusedOutcome(issued.refused.message) };
    unsettled = { wish, token: issued.ok.token };
  }
  const { answer, isFinal } = await askUntilFinal({}, unsettled.token);
  if (isFinal) unsettled = undefined;
  if ("refused" in answer) {
    const { error, message, productID } = answer.refused;
    if (error === "sale_ended") return { notice: outcomes.over };
    const name = wishes.find(({ product }) => product.id === productID)?.product.name;
    return { notice: refusedBundle(error, name, message) };
  }
  const { reservation, parts = [] } = answer.ok;
  return { reservation, status: "pending", parts: parts.map((part) => ({ ...part, status: "pending" })) };
}

function refusedBundle(error: string, name = "One of the products", message: string): Outcome {
  const nothing = "You got none of the products, and have nothing to pay.";
  switch (error) {
    case "sold_out":
      return { ...refusedOutcome(`${name} is sold out. ${nothing}`), title: "Not all are left" };
    case "too_few_left":
      return { ...refusedOutcome(`There are too few left of ${name}. ${nothing}`), title: "Not all are left" };
    case "over_limit":
      return refusedOutcome(`You have as many of ${name} as one buyer may have. ${nothing}`);
    case "bundle_broken":
      return refusedOutcome(`It was not complete in time. ${nothing}`);
    default:
      return refusedOutcome(message);
  }
}
