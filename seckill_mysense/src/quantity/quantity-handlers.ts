import type { Program, ProgramRight } from "../authorization/programs.ts";
import { quantityEndpoints as endpoints, type RemainingUnits } from "../contract/quantity.ts";
import { availableIn, totalOf } from "../gateway/bucket-borrower.ts";
import type { CatalogueProduct } from "../gateway/catalogue-product.ts";
import type { Catalogue } from "../gateway/catalogue.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "../gateway/mount-endpoint.ts";
import { notItsSale, type ProgramReservations } from "./program-reservations.ts";

interface NotAllowed {
  readonly failure: "program_not_allowed";
  readonly message: string;
}

export function mountQuantity(
  app: GatewayApp,
  mount: MountOptions,
  { reservations, catalogue }: { readonly reservations: ProgramReservations; readonly catalogue: Catalogue },
): void {
  mountEndpoint(
    app,
    endpoints.getOne,
    mount,
    ({ program, query }) => lacks(program, "reserve") ?? reservations.reserve(program, query),
  );
  mountEndpoint(
    app,
    endpoints.reserve,
    mount,
    ({ program, body }) => lacks(program, "reserve") ?? reservations.reserve(program, body),
  );
  mountEndpoint(
    app,
    endpoints.read,
    mount,
    ({ program, params }) => lacks(program, "read") ?? reservations.read(program, params.requestID),
  );
  mountEndpoint(
    app,
    endpoints.confirm,
    mount,
    ({ program, params }) => lacks(program, "confirm") ?? reservations.confirm(program, params.requestID),
  );
  mountEndpoint(
    app,
    endpoints.release,
    mount,
    ({ program, params }) => lacks(program, "release") ?? reservations.release(program, params.requestID),
  );
  mountEndpoint(app, endpoints.readRemaining, mount, ({ program, params }) => {
    const denied = lacks(program, "read");
    if (denied !== undefined) return denied;
    const entry = catalogue.findFirst(params.productID);
    if (entry === undefined) return { failure: "product_not_found" };
    return program.knows(entry.sale.id) ? { ok: remainingOf(entry) } : notItsSale(program, entry.sale.id);
  });
  mountEndpoint(app, endpoints.listRemaining, mount, ({ program, query }) => {
    const denied = lacks(program, "read");
    if (denied !== undefined) return denied;
    const entries = [...new Set(query.productIDs)].map((id) => catalogue.findFirst(id));
    const known = entries.filter((entry) => entry !== undefined && program.knows(entry.sale.id));
    return { ok: { products: known.map((entry) => remainingOf(entry as CatalogueProduct)) } };
  });
}

/** The refusal of a program without this right; undefined if it has it. */
function lacks(program: Program, right: ProgramRight): NotAllowed | undefined {
  if (program.may(right)) return undefined;
  return { failure: "program_not_allowed", message: `The program ${program.name} has no right to ${right}.` };
}

function remainingOf({ sale, product, buckets }: CatalogueProduct): RemainingUnits {
  return {
    productID: product.id,
    saleID: sale.id,
    remaining: availableIn(buckets),
    total: totalOf(buckets),
    startsAtMs: sale.startsAtMs,
    endsAtMs: sale.endsAtMs,
    paused: sale.paused || product.paused,
  };
}
