import type { ReservationIds } from "../authorization/reservation-ids.ts";
import type { BundleTokenClaims, SaleTokenClaims, SaleTokens } from "../authorization/sale-token.ts";
import { issueToken } from "../contract/tokens.ts";
import type { SaleRecord } from "../domain/sale.ts";
import type { Catalogue } from "./catalogue.ts";
import { tokenCookieName } from "./check.ts";
import { chooseProducts, type WantedProduct } from "./chosen-products.ts";
import type { InvitedUsers } from "./invited-users.ts";
import type { RoomVisitors } from "./room-visitors.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";

/** The gate's clock decides when a sale ends. Tokens therefore stay valid a little longer than clocks can differ. */
const graceAfterEndMs = 60_000;

export interface TokenOptions {
  readonly tokens: SaleTokens;
  readonly reservationIds: ReservationIds;
  readonly catalogue: Catalogue;
  /** Whether accounts without an invitation, from before, may not buy. */
  readonly isByInvitation: boolean;
  /** Those who come through waiting rooms. */
  readonly visitors: RoomVisitors;
  /** Those who may buy in sales for invited users. */
  readonly invitedUsers: InvitedUsers;
  readonly secureCookies: boolean;
  readonly now: () => number;
}

/** What a token is to grant. */
type Granted =
  | (Pick<SaleTokenClaims, "productId" | "reservationId"> & { readonly sale: SaleRecord })
  | (Pick<BundleTokenClaims, "parts" | "reservationId"> & { readonly sale: SaleRecord })
  | { readonly failure: "product_not_found" | "invalid_request"; readonly message: string };

export function mountTokens(app: GatewayApp, mount: MountOptions, options: TokenOptions): void {
  mountEndpoint(app, issueToken, mount, async ({ body, session, request }) => {
    if (options.isByInvitation && !session.isPerson) return { failure: "invitation_required" };
    const granted = grantedBy(body, session.userId, options);
    if ("failure" in granted) return granted;
    const { sale, ...what } = granted;
    if (options.now() >= sale.endsAtMs || sale.state === "cancelled") return { failure: "sale_ended" };
    const uninvited = await options.invitedUsers.refusal(sale, session);
    if (uninvited !== undefined) return uninvited;
    const admission = await options.visitors.admit(sale, session, request, { isAlsoAfter: false });
    if ("failure" in admission) return admission;
    const nowMs = options.now();
    const claims = {
      ...what,
      saleId: sale.id,
      userId: session.userId,
      notBeforeMs: sale.startsAtMs,
      expiresAtMs: Math.min(sale.endsAtMs + graceAfterEndMs, nowMs + (admission.lastsMs ?? Infinity)),
      queuePosition: admission.place,
      mark: session.mark,
    };
    const token = options.tokens.issue(claims);
    const maxAgeSeconds = Math.ceil((claims.expiresAtMs - nowMs) / 1000);
    const cookie = `${tokenCookieName}=${token}; Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=Lax`;
    const pass = admission.pass && options.visitors.write(admission.pass, { lastsMs: sale.endsAtMs - nowMs });
    return {
      ok: {
        ...(pass && { pass: pass.text }),
        token,
        reservation: claims.reservationId,
        notBeforeMs: claims.notBeforeMs,
        expiresAtMs: claims.expiresAtMs,
      },
      cookies: [options.secureCookies ? `${cookie}; Secure` : cookie, ...(pass ? [pass.cookie] : [])],
    };
  });
}

interface TokenRequest {
  readonly productID?: string | undefined;
  readonly products?: readonly WantedProduct[] | undefined;
}

function grantedBy({ productID, products }: TokenRequest, userId: string, options: TokenOptions): Granted {
  const { catalogue, reservationIds } = options;
  if ((productID === undefined) === (products === undefined)) {
    const message = `The body must name productID or products, and has ${productID === undefined ? "neither" : "both"}.`;
    return { failure: "invalid_request", message };
  }
  if (products !== undefined) {
    const chosen = chooseProducts(products, catalogue, userId);
    return "failure" in chosen ? chosen : { ...chosen, reservationId: reservationIds.createForBundle() };
  }
  const entry = catalogue.findFor(productID!, userId);
  if (entry === undefined) {
    return { failure: "product_not_found", message: `There is no product ${JSON.stringify(productID)}.` };
  }
  const productId = entry.product.id;
  return { sale: entry.sale, productId, reservationId: reservationIds.create(userId, productId) };
}
