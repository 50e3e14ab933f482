import type { ShownContent, showSale } from "../contract/sale-document.ts";
import type { LoggedChange } from "../ledger/changes.ts";

type ShownSale = ReturnType<typeof showSale>;

export function renderSales(sales: readonly ShownSale[]): string {
  if (sales.length === 0) return "there are no sales";
  return sales.map((sale) => `${describe(sale)}  ${sale.title}`).join("\n");
}

export function renderSale({ products, ...sale }: ShownContent): string {
  const lines = products.map((product) => {
    const price = `${product.price_minor} ${product.currency}`;
    const lowering = product.lowering_to === undefined ? "" : `, going to ${product.lowering_to}`;
    const paused = product.paused ? ", paused" : "";
    const buckets = product.buckets === undefined ? "" : ` in ${product.buckets} buckets`;
    const units = `${product.units} units${buckets}${lowering}, ${product.limit_per_user} per buyer${paused}`;
    return `  ${product.id}  ${product.name}: ${price} (smallest unit), ${units}`;
  });
  return [`${describe(sale)}  ${sale.title}`, ...lines].join("\n");
}

export function renderHistory(history: readonly LoggedChange[]): string {
  return history
    .map(({ atMs, actor, action, version, productId, before, after }) => {
      const what = productId === undefined ? "sale" : `product ${productId}`;
      const from = before === undefined ? "" : `${JSON.stringify(before)} -> `;
      return `${new Date(atMs).toISOString()}  version ${version}  ${action} by ${actor}: ${what} ${from}${JSON.stringify(after)}`;
    })
    .join("\n");
}

function describe({ id, state, paused, version, starts_at, ends_at }: ShownSale): string {
  return `${id}  ${paused ? `${state}, paused` : state}  version ${version}  ${starts_at} to ${ends_at}`;
}
