import { element, setText, show } from "./elements.ts";
import { money, type Product } from "./offer-view.ts";

/** Lets the buyer choose 1 to `most` units, and shows their price. Hidden where there is nothing to choose. */
export function showQuantityChoice(most: number, { priceMinor, currency }: Product, isAlone: boolean): void {
  show("quantity-choice", most > 1);
  if (most !== choice().options.length) offerUpTo(most);
  const price = money(priceMinor * chosenQuantity(), currency);
  setText("quantity-total", isAlone ? `${price} in all` : price);
}

/** 1 where there is nothing to choose. */
export function chosenQuantity(): number {
  return Math.max(1, Number(choice().value));
}

export function chooseQuantity(quantity: number): void {
  choice().value = String(quantity);
}

/** Only called when the most units change: an open list would close. */
function offerUpTo(most: number): void {
  const chosen = Math.min(chosenQuantity(), most);
  const options = Array.from({ length: Math.max(0, most) }, (_, index) => new Option(String(index + 1)));
  choice().replaceChildren(...options);
  chooseQuantity(Math.max(1, chosen));
}

function choice(): HTMLSelectElement {
  return element("quantity") as HTMLSelectElement;
}
