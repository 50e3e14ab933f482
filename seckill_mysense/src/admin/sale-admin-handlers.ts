import { adminEndpoints } from "../contract/admin-sales.ts";
import {
  describeStrayUpdate,
  saleOf,
  showContent,
  type ShownContent,
  showSale,
  updateOf,
} from "../contract/sale-document.ts";
import type { SaleChange } from "../domain/sale-change.ts";
import type { SaleContent } from "../domain/sale.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "../gateway/mount-endpoint.ts";
import { UnitsGoneError } from "../ledger/changes.ts";
import { InvalidSaleError, SaleConflictError } from "../ledger/ledger-errors.ts";
import { GateBehindError, type SaleService, UnknownSaleError } from "../sales/sale-service.ts";

interface ChangeRequest {
  readonly params: { readonly id: string };
  readonly query: {
    readonly by?: string | undefined;
    readonly change?: string | undefined;
    readonly expected_version?: number | undefined;
  };
}

type ChangeFailure = "sale_not_found" | "sale_conflict" | "invalid_request" | "units_gone" | "gate_behind";

type Answer<Shown, Code> = { readonly ok: Shown } | { readonly failure: Code; readonly message: string };

export const defaultActor = "the interface for merchants";

/** Mounts what a merchant may do with sales. */
export function mountSaleAdmin(app: GatewayApp, mount: MountOptions, service: SaleService): void {
  const endpoints = adminEndpoints;
  const apply = ({ params, query }: ChangeRequest, asked: SaleChange) =>
    change(
      service.change(params.id, asked, {
        ...{ expectedVersion: query.expected_version, actor: query.by ?? defaultActor, changeId: query.change },
      }),
    );

  mountEndpoint(app, endpoints.listSales, mount, async () => ({ ok: { sales: (await service.list()).map(showSale) } }));
  mountEndpoint(app, endpoints.readSale, mount, ({ params }) =>
    read<ShownContent>(service.read(params.id).then(showContent)),
  );
  mountEndpoint(app, endpoints.readChanges, mount, ({ params, query }) =>
    read<{ changes: Record<string, unknown>[] }>(
      service.history(params.id, query.limit).then((entries) => ({ changes: entries.map((entry) => ({ ...entry })) })),
    ),
  );
  mountEndpoint(app, endpoints.createSale, mount, async ({ body, query }) => {
    const { sale, products } = saleOf(body);
    const state = query.draft === "true" ? "draft" : "published";
    return create(service.create(sale, products, { actor: query.by ?? defaultActor, state, changeId: query.change }));
  });
  mountEndpoint(app, endpoints.updateSale, mount, async (input) => {
    const message = describeStrayUpdate(input.params.id, input.body);
    return message === undefined ? apply(input, updateOf(input.body)) : { failure: "invalid_request", message };
  });
  mountEndpoint(app, endpoints.restockProduct, mount, (input) =>
    apply(input, { kind: "restock", productId: input.body.product, units: input.body.units }),
  );
  mountEndpoint(app, endpoints.extendSale, mount, (input) =>
    apply(input, { kind: "extend", endsAtMs: Date.parse(input.body.ends_at) }),
  );
  mountEndpoint(app, endpoints.pauseSale, mount, (input) =>
    apply(input, { kind: "pause", productId: input.query.product }),
  );
  mountEndpoint(app, endpoints.resumeSale, mount, (input) =>
    apply(input, { kind: "resume", productId: input.query.product }),
  );
  mountEndpoint(app, endpoints.publishSale, mount, (input) => apply(input, { kind: "publish" }));
  mountEndpoint(app, endpoints.endSale, mount, (input) => apply(input, { kind: "end" }));
  mountEndpoint(app, endpoints.cancelSale, mount, (input) => apply(input, { kind: "cancel" }));
}

/** Errors that say what is wrong with the request become refusals; all others are this server's own. */
async function read<Shown>(shown: Promise<Shown>): Promise<Answer<Shown, "sale_not_found">> {
  try {
    return { ok: await shown };
  } catch (error) {
    if (error instanceof UnknownSaleError) return { failure: "sale_not_found", message: error.message };
    throw error;
  }
}

async function create(
  content: Promise<SaleContent>,
): Promise<Answer<ShownContent, "sale_conflict" | "invalid_request">> {
  try {
    return { ok: showContent(await content) };
  } catch (error) {
    if (error instanceof InvalidSaleError) return { failure: "invalid_request", message: error.message };
    if (error instanceof SaleConflictError) return { failure: "sale_conflict", message: error.message };
    throw error;
  }
}

async function change(content: Promise<SaleContent>): Promise<Answer<ShownContent, ChangeFailure>> {
  try {
    return await create(content);
  } catch (error) {
    if (error instanceof UnknownSaleError) return { failure: "sale_not_found", message: error.message };
    if (error instanceof UnitsGoneError) return { failure: "units_gone", message: error.message };
    if (error instanceof GateBehindError) return { failure: "gate_behind", message: error.message };
    throw error;
  }
}
