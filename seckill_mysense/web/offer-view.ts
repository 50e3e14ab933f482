import type { SaleDetails } from "../src/contract/sales.ts";
import { element, setText, show } from "./elements.ts";
import { serverNowMs } from "./clock.ts";

export type Product = SaleDetails["products"][number];

export interface Offer {
  readonly sale: SaleDetails;
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
export function chooseOffer(all: readonly SaleDetails[], { productId, saleId }: WantedOffer): Offer | undefined {
  const sales = saleId === null || productId !== null ? all : all.filter(({ id }) => id === saleId);
  const offers = sales.flatMap((sale) => sale.products.map((product) => ({ sale, product })));
  if (productId !== null && productId !== "") return offers.find(({ product }) => product.id === productId);
  const order: Record<Phase, number> = { open: 0, before: 1, over: 2 };
  return offers.toSorted((a, b) => order[phaseOf(a)] - order[phaseOf(b)] || a.sale.startsAtMs - b.sale.startsAtMs)[0];
}

export function showOffer(offer: Offer): void {
  const { sale, product } = offer;
  element("offer").setAttribute("aria-busy", "false");
  document.title = `${product.name} · ${sale.title}`;
  setText("sale-title", sale.title);
  setText("product-name", product.name);
  setText("price", money(product.priceMinor, product.currency));
  showStock(product);
}

function showStock({ available, total }: Product): void {
  const left = available ?? total;
  show("stock-bar", true);
  element("stock-fill").style.width = `${total === 0 ? 0 : (left / total) * 100}%`;
  setText("stock-text", available === null ? `${count(total)} in all` : `${count(left)} of ${count(total)} left`);
}

export function showNoOffer(title: string, text: string): void {
  element("offer").setAttribute("aria-busy", "false");
  setText("sale-title", "");
  setText("product-name", title);
  setText("price", "");
  show("stock-bar", false);
  setText("stock-text", text);
}

/** Links to the other products that can still be bought. */
export function showOthers(sales: readonly SaleDetails[], shown: Offer | undefined): void {
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
