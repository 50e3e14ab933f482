import { listSales, readSale, readSaleDescription, readSaleLive } from "../contract/sales.ts";
import type { Catalogue } from "./catalogue.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";
import { SaleAnswers } from "./sale-answers.ts";
import { forEver } from "./shared-answer.ts";

/** Answers from the catalogue in memory, so that reloading the page never costs a read of the ledger. */
export function mountSales(app: GatewayApp, mount: MountOptions, catalogue: Catalogue): void {
  const { now } = mount;
  const answers = new SaleAnswers(catalogue, now);

  mountEndpoint(app, listSales, mount, ({ request }) => answers.list().respond(request, { nowMs: now() }));

  mountEndpoint(app, readSale, mount, ({ params, request }) => {
    const answer = answers.details(params.id);
    return answer?.respond(request, { nowMs: now() }) ?? { failure: "sale_not_found" };
  });

  mountEndpoint(app, readSaleLive, mount, ({ params, request }) => {
    const answer = answers.live(params.id);
    return answer?.respond(request, { nowMs: now() }) ?? { failure: "sale_not_found" };
  });

  mountEndpoint(app, readSaleDescription, mount, ({ params, query, request }) => {
    const described = answers.description(params.id);
    if (described === undefined) return { failure: "sale_not_found" };
    // Another gateway may know another version already, or still: an answer with the wrong one must not stay in a cache.
    const isAsked = query.version === described.version;
    return described.answer.respond(request, isAsked ? { cacheControl: forEver } : {});
  });
}
