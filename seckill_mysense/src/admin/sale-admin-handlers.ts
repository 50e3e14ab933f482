import { adminEndpoints } from "../contract/admin-sales.ts";
import type { FailureCode } from "../contract/failures.ts";
import { saleOf, showContent, showSale, updateOf } from "../contract/sale-document.ts";
import type { SaleChange } from "../domain/sale-change.ts";
import type { SaleContent } from "../domain/sale.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "../gateway/mount-endpoint.ts";
import { InvalidSaleError, SaleConflictError } from "../ledger/ledger-errors.ts";
import { GateBehindError, type SaleService, UnitsGoneError, UnknownSaleError } from "../sales/sale-service.ts";

interface ChangeRequest {
  readonly params: { readonly id: string };
  readonly query: { readonly by?: string | undefined; readonly expected_version?: number | undefined };
}

type ChangeFailure = "sale_not_found" | "sale_conflict" | "units_gone" | "gate_behind";

const defaultActor = "the interface for merchants";

/** Mounts what a merchant may do with sales. */
export function mountSaleAdmin(app: GatewayApp, mount: MountOptions, service: SaleService): void {
  const endpoints = adminEndpoints;
  const change = ({ params, query }: ChangeRequest, asked: SaleChange) =>
    answerTo(
      service.change(params.id, asked, { expectedVersion: query.expected_version, actor: query.by ?? defaultActor }),
    );

  mountEndpoint(app, endpoints.listSales, mount, async () => ({ ok: { sales: (await service.list()).map(showSale) } }));
  mountEndpoint(app, endpoints.readSale, mount, async ({ params }) => answerTo(service.read(params.id)));
  mountEndpoint(app, endpoints.readChanges, mount, async ({ params, query }) => {
    try {
      return { ok: { changes: (await service.history(params.id, query.limit)).map((entry) => ({ ...entry })) } };
    } catch (error) {
      if (error instanceof UnknownSaleError) return { failure: "sale_not_found", message: error.message };
      throw error;
    }
  });
  mountEndpoint(app, endpoints.createSale, mount, async ({ body, query }) => {
    const { sale, products } = saleOf(body);
    const state = query.draft === "true" ? "draft" : "published";
    return answerTo(service.create(sale, products, { actor: query.by ?? defaultActor, state }));
  });
  mountEndpoint(app, endpoints.updateSale, mount, (input) => change(input, updateOf(input.body)));
  mountEndpoint(app, endpoints.restockProduct, mount, (input) =>
    change(input, { kind: "restock", productId: input.body.product, units: input.body.units }),
  );
  mountEndpoint(app, endpoints.extendSale, mount, (input) =>
    change(input, { kind: "extend", endsAtMs: Date.parse(input.body.ends_at) }),
  );
  mountEndpoint(app, endpoints.pauseSale, mount, (input) =>
    change(input, { kind: "pause", productId: input.query.product }),
  );
  mountEndpoint(app, endpoints.resumeSale, mount, (input) =>
    change(input, { kind: "resume", productId: input.query.product }),
  );
  mountEndpoint(app, endpoints.publishSale, mount, (input) => change(input, { kind: "publish" }));
  mountEndpoint(app, endpoints.endSale, mount, (input) => change(input, { kind: "end" }));
  mountEndpoint(app, endpoints.cancelSale, mount, (input) => change(input, { kind: "cancel" }));
}

/** Errors that say what is wrong with the request become refusals; all others are this server's own. */
async function answerTo<Code extends ChangeFailure>(
  content: Promise<SaleContent>,
): Promise<{ readonly ok: ReturnType<typeof showContent> } | { readonly failure: Code; readonly message: string }> {
  try {
    return { ok: showContent(await content) };
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    // The declaration of each endpoint names the failures that its call can have.
    return { failure: failure as Code, message: (error as Error).message };
  }
}

function failureOf(error: unknown): FailureCode | undefined {
  if (error instanceof InvalidSaleError) return "invalid_request";
  if (error instanceof UnknownSaleError) return "sale_not_found";
  if (error instanceof SaleConflictError) return "sale_conflict";
  if (error instanceof UnitsGoneError) return "units_gone";
  return error instanceof GateBehindError ? "gate_behind" : undefined;
}
