import type { SaleDetails } from "../contract/sales.ts";
import type { Catalogue } from "./catalogue.ts";
import { type DescribedSale, describeLive, describeSale, detailsOf, type ListedSale } from "./describe-sale.ts";
import { forASecond, SharedAnswer, versionOf } from "./shared-answer.ts";

interface AnsweredSale extends DescribedSale {
  readonly answer: SharedAnswer;
}

/**
 * The answers about sales that everybody gets. Each is made at most once for each refresh of the catalogue, which is once a
 * second, however many pages ask.
 */
export class SaleAnswers {
  readonly #catalogue: Catalogue;
  readonly #now: () => number;
  readonly #timed = new Map<string, SharedAnswer>();
  /** Kept while the description is the same, so that it is compressed once. */
  readonly #described = new Map<string, AnsweredSale>();
  /** Sales whose description was compared since the last refresh of the catalogue. */
  readonly #compared = new Set<string>();
  #catalogueVersion = -1;

  /** `now`: Unix milliseconds, with or without a fraction. */
  constructor(catalogue: Catalogue, now: () => number) {
    this.#catalogue = catalogue;
    this.#now = now;
  }

  list(): SharedAnswer {
    return this.#answer("", () => ({ sales: this.#catalogue.sales().map((listed) => this.#detailsOf(listed)) }));
  }

  /** Undefined for a sale that there is not, here and below. */
  details(id: string): SharedAnswer | undefined {
    const listed = this.#catalogue.sale(id);
    return listed && this.#answer(`details/${id}`, () => ({ sale: this.#detailsOf(listed) }));
  }

  live(id: string): SharedAnswer | undefined {
    const listed = this.#catalogue.sale(id);
    return listed && this.#answer(`live/${id}`, () => describeLive(listed, this.#describe(listed).version));
  }

  description(id: string): AnsweredSale | undefined {
    const listed = this.#catalogue.sale(id);
    this.#forgetOld();
    return listed && this.#describe(listed);
  }

  #answer(key: string, value: () => object): SharedAnswer {
    this.#forgetOld();
    const known = this.#timed.get(key);
    if (known !== undefined) return known;
    const identity = JSON.stringify(value());
    const body = `{"serverTimeMs":${Math.floor(this.#now())},${identity.slice(1)}`;
    // A client that has all but the time has the answer.
    const answer = new SharedAnswer({ body, identity, contentType: "application/json", cacheControl: forASecond });
    this.#timed.set(key, answer);
    return answer;
  }

  #detailsOf(listed: ListedSale): SaleDetails {
    return detailsOf(listed, this.#describe(listed));
  }

  #describe(listed: ListedSale): AnsweredSale {
    const known = this.#described.get(listed.sale.id);
    if (known !== undefined && this.#compared.has(listed.sale.id)) return known;
    const description = describeSale(listed);
    const version = versionOf(JSON.stringify(description));
    this.#compared.add(description.id);
    if (known?.version === version) return known;
    const body = JSON.stringify({ version, sale: description });
    const answer = new SharedAnswer({ body, contentType: "application/json", cacheControl: forASecond });
    const described = { version, description, answer };
    this.#described.set(description.id, described);
    return described;
  }

  #forgetOld(): void {
    const { version } = this.#catalogue;
    if (version === this.#catalogueVersion) return;
    this.#catalogueVersion = version;
    this.#timed.clear();
    this.#compared.clear();
    const ids = new Set(this.#catalogue.sales().map(({ sale }) => sale.id));
    for (const id of this.#described.keys()) if (!ids.has(id)) this.#described.delete(id);
  }
}
