import type { ProductTotals } from "../domain/order.ts";
import type { Sale, SaleProduct } from "../domain/sale.ts";

/** The sales and their products. */
export interface LedgerSales {
  /**
   * Adds the sale and its products; an identical sale that exists already is left as it is. Throws `InvalidSaleError`
   * for content that no sale can have, and `SaleConflictError` for a sale that differs from the stored one of this id.
   * After the start the ledger itself raises the epoch, so epochs are not compared.
   */
  create(sale: Sale, products: readonly SaleProduct[]): Promise<void>;
  list(): Promise<Sale[]>;
  read(saleId: string): Promise<{ sale: Sale; products: SaleProduct[] } | undefined>;
  /** The product and its sale, by product id alone. */
  readProduct(productId: string): Promise<{ sale: Sale; product: SaleProduct } | undefined>;
  readTotals(productId: string): Promise<ProductTotals | undefined>;
}
