import type { Logger } from "../logging/logger.ts";

export interface ProductProblem {
  readonly sale: string;
  readonly product: string;
  readonly problem: string;
}

/** What is not well, with only the first products by name. */
export interface ProductReport {
  readonly products: ProductProblem[];
  /** All products that are not well. */
  readonly productsNotWell: number;
}

/** Products that are named at a time: in the report, and in lines of the log. The others are counted. */
const maxNamed = 20;
const maxProblemLength = 300;

/** The products that are not well now. Each problem is logged when it begins and when it ends, and not at each attempt. */
export class ProductHealth {
  readonly #logger: Logger;
  readonly #products = new Map<string, ProductProblem>();
  /** Products whose problem stands in the log. */
  readonly #logged = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Notes the present problem of a product; undefined when it is well. `isLogged`: somebody has logged it. */
  note(place: { sale: string; product: string }, problem: string | undefined, isLogged = false): void {
    const { sale, product } = place;
    if (problem === undefined) {
      if (!this.#products.delete(product)) return;
      if (this.#logged.delete(product)) {
        this.#logger.info("a product is well again", { saleId: sale, productId: product });
      }
      return;
    }
    const isNew = !this.#products.has(product);
    this.#products.set(product, { sale, product, problem: problem.slice(0, maxProblemLength) });
    if (!isNew || isLogged || this.#logged.size >= maxNamed) return;
    this.#logged.add(product);
    this.#logger.warn("a product is not well", { saleId: sale, productId: product, reason: problem });
  }

  isWell(productId: string): boolean {
    return !this.#products.has(productId);
  }

  get notWell(): number {
    return this.#products.size;
  }

  report(): ProductReport {
    return {
      products: [...this.#products.values().take(maxNamed)],
      productsNotWell: this.#products.size,
    };
  }
}
