import { element, setText, show } from "./elements.ts";
import { serverNowMs } from "./clock.ts";
import type { ShownSale } from "./shown-sale.ts";

export type Product = ShownSale["products"][number];

export interface Offer {
  readonly sale: ShownSale;
  readonly product: Product;
}

export type Phase = "before" | "open" | "over";

export function phaseOf({ sale }: Offer): Phase {
  if (sale.cancelled) return "over";
  const nowMs = serverNowMs();
  if (nowMs < sale.startsAtMs) return "before";
  return nowMs < sale.endsAtMs ? "open" : "over";
}

/** What the address of the page asks for. */
export interface WantedOffer {
  readonly productId: string | null;
  readonly saleId: string | null;
}

/** The product that the address names; otherwise the one that is on sale now or next, in the sale that it names. */
export function chooseOffer(all: readonly ShownSale[], { productId, saleId }: WantedOffer): Offer | undefined {
  const sales = saleId === null || productId !== null ? all : all.filter(({ id }) => id === saleId);
  const offers = sales.flatMap((sale) => sale.products.map((product) => ({ sale, product })));
  if (productId !== null && productId !== "") return offers.find(({ product }) => product.id === productId);
  const order: Record<Phase, number> = { open: 0, before: 1, over: 2 };
  return offers.toSorted((a, b) => order[phaseOf(a)] - order[phaseOf(b)] || a.sale.startsAtMs - b.sale.startsAtMs)[0];
}

/** The answer to this buyer is newer than the figure that all pages get, for so long. */
const toldForMs = 3_000;
let told = { productId: "", left: 0, untilMs: 0 };

/** So many units are left, as an answer has just said. */
export function tellStock(productId: string, left: number): void {
  told = { productId, left, untilMs: serverNowMs() + toldForMs };
}

/** Units that are left, as far as it is known. */
export function unitsAvailable({ id, available }: Product): number | undefined {
  const isTold = told.productId === id && serverNowMs() < told.untilMs;
  return isTold ? told.left : (available ?? undefined);
}

/** What only an answer of the server changes. */
export function showOffer({ sale, product }: Offer): void {
  element("offer").setAttribute("aria-busy", "false");
  setText("sale-title", sale.title);
  setText("product-name", product.name);
  setText("price", money(product.priceMinor, product.currency));
  setText("terms", `${timesOf(sale)} · ${limitOf(product)}`);
}

/** `outcome`: what the page says about the buyer, in a few words. */
export function showTitle({ sale, product }: Offer, outcome: string | undefined): void {
  document.title = [outcome, product.name, sale.title].filter((text) => text !== undefined).join(" · ");
}

/** In the visitor's time zone, which it names. */
function timesOf({ startsAtMs, endsAtMs }: ShownSale): string {
  const day = { weekday: "short", day: "numeric", month: "short" } as const;
  const time = { hour: "numeric", minute: "2-digit", timeZoneName: "short" } as const;
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { ...day, ...time });
  return format.formatRange(startsAtMs, endsAtMs);
}

const limitOf = ({ limitPerUser }: Product): string =>
  limitPerUser === 1 ? "one per buyer" : `up to ${count(limitPerUser)} per buyer`;

export function showStock(offer: Offer): void {
  const { product } = offer;
  const { total } = product;
  // What is left when the sale is over cannot be bought.
  const left = phaseOf(offer) === "over" ? undefined : unitsAvailable(product);
  show("stock-bar", left !== undefined);
  element("stock-fill").style.width = `${total === 0 || left === undefined ? 0 : (left / total) * 100}%`;
  setText("stock-text", left === undefined ? `${count(total)} in all` : leftOf(left, total));
}

const leftOf = (left: number, total: number): string =>
  left === 0 ? `Sold out: none of ${count(total)} left` : `${count(left)} of ${count(total)} left`;

export function showNoOffer(wanted: WantedOffer): void {
  const [title, text] = missingOffer(wanted);
  element("offer").setAttribute("aria-busy", "false");
  setText("sale-title", "");
  setText("product-name", title);
  setText("price", "");
  setText("terms", "");
  show("stock-bar", false);
  setText("stock-text", text);
}

function missingOffer({ productId, saleId }: WantedOffer): [title: string, text: string] {
  if (productId !== null) return ["No such product", `There is no product ${productId} in any sale.`];
  if (saleId !== null) return ["No such sale", `There is no sale ${saleId}.`];
  return ["Nothing on sale", "Come back when a sale is announced."];
}

/** Links to the other products that can still be bought. */
export function showOthers(sales: readonly ShownSale[], shown: Offer | undefined): void {
  const offers = sales
    .flatMap((sale) => sale.products.map((product) => ({ sale, product })))
    .filter((offer) => offer.product.id !== shown?.product.id && phaseOf(offer) !== "over")
    .slice(0, 24);
  show("others", offers.length > 0);
  element("others-list").replaceChildren(...offers.map(otherItem));
}

function otherItem({ sale, product }: Offer): HTMLElement {
  const link = document.createElement("a");
  link.href = `/check?${new URLSearchParams({ productID: product.id })}`;
  const name = document.createElement("strong");
  name.textContent = product.name;
  const about = document.createElement("small");
  about.textContent = `${money(product.priceMinor, product.currency)} · ${sale.title}`;
  link.append(name, about);
  const item = document.createElement("li");
  item.append(link);
  return item;
}

export function money(minor: number, currency: string): string {
  try {
    const format = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency });
    return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
  } catch {
    // The browser does not know this currency.
    return `${minor / 100} ${currency}`;
  }
}

function count(value: number): string {
  return value.toLocaleString(document.documentElement.lang);
}
