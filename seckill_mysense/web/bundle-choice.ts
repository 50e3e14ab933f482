import { element, setText, show } from "./elements.ts";
import { money, type Offer, type Product } from "./offer-view.ts";

/** With the shown product, as many as the server takes in one bundle. */
const maxChosen = 7;
/** Most products that are offered beside the shown one. */
const maxOffered = 24;

/** The products that can be bought together with the shown one: of the same sale and currency, and not known to be gone. */
function offeredWith({ sale, product }: Offer): Product[] {
  return sale.products
    .filter(({ id, currency, paused, available }) => {
      return id !== product.id && currency === product.currency && !paused && available !== 0;
    })
    .slice(0, maxOffered);
}

/** Lets the buyer choose further products, of which the buyer gets one unit each. Hidden where there are none. */
export function showBundleChoice(offer: Offer, quantity: number): void {
  const offered = offeredWith(offer);
  show("together", offered.length > 0);
  const ids = offered.map(({ id }) => id).join(" ");
  const list = element("together-list");
  // Only when the products change: a choice under the buyer's finger would move.
  if (list.dataset["ids"] !== ids) {
    const chosen = new Set(chosenWith(offer).map(({ id }) => id));
    list.replaceChildren(...offered.map((product) => choiceOf(product, chosen.has(product.id))));
    list.dataset["ids"] = ids;
  }
  const others = chosenWith(offer);
  for (const box of boxes()) box.disabled = !box.checked && others.length >= maxChosen;
  const sum = others.reduce((minor, { priceMinor }) => minor + priceMinor, offer.product.priceMinor * quantity);
  setText("together-total", others.length === 0 ? "" : `${money(sum, offer.product.currency)} in all`);
  setText("buy", buyText(others.length + 1));
}

function buyText(products: number): string {
  if (products === 1) return "Buy now";
  return products === 2 ? "Buy both products" : `Buy all ${products} products`;
}

/** The products that the buyer wants together with the shown one. */
export function chosenWith(offer: Offer): Product[] {
  const chosen = new Set(boxes().flatMap(({ checked, value }) => (checked ? [value] : [])));
  return offeredWith(offer).filter(({ id }) => chosen.has(id));
}

export function chooseNothingElse(): void {
  for (const box of boxes()) box.checked = false;
}

function boxes(): HTMLInputElement[] {
  return [...element("together-list").querySelectorAll("input")];
}

function choiceOf({ id, name, priceMinor, currency }: Product, isChosen: boolean): HTMLElement {
  const box = document.createElement("input");
  box.type = "checkbox";
  box.value = id;
  box.checked = isChosen;
  const title = document.createElement("span");
  title.textContent = name;
  const price = document.createElement("b");
  price.textContent = money(priceMinor, currency);
  const label = document.createElement("label");
  label.append(box, title, price);
  return label;
}
