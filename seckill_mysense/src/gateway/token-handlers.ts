import type { ReservationIds } from "../authorization/reservation-ids.ts";
import type { SaleTokens } from "../authorization/sale-token.ts";
import { issueToken } from "../contract/tokens.ts";
import type { Catalogue } from "./catalogue.ts";
import { tokenCookieName } from "./check.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";

/** The gate's clock decides when a sale ends. Tokens therefore stay valid a little longer than clocks can differ. */
const graceAfterEndMs = 60_000;

export interface TokenOptions {
  readonly tokens: SaleTokens;
  readonly reservationIds: ReservationIds;
  readonly catalogue: Catalogue;
  readonly secureCookies: boolean;
  readonly now: () => number;
}

export function mountTokens(app: GatewayApp, mount: MountOptions, options: TokenOptions): void {
  mountEndpoint(app, issueToken, mount, ({ body, session }) => {
    const entry = options.catalogue.findFor(body.productID, session.userId);
    if (entry === undefined) {
      return { failure: "product_not_found", message: `There is no product ${JSON.stringify(body.productID)}.` };
    }
    const nowMs = options.now();
    if (nowMs >= entry.sale.endsAtMs || entry.sale.state === "cancelled") return { failure: "sale_ended" };
    const claims = {
      saleId: entry.sale.id,
      productId: entry.product.id,
      userId: session.userId,
      notBeforeMs: entry.sale.startsAtMs,
      expiresAtMs: entry.sale.endsAtMs + graceAfterEndMs,
      reservationId: options.reservationIds.create(session.userId, entry.product.id),
      queuePosition: 0,
    };
    const token = options.tokens.issue(claims);
    const maxAgeSeconds = Math.ceil((claims.expiresAtMs - nowMs) / 1000);
    const cookie = `${tokenCookieName}=${token}; Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=Lax`;
    return {
      ok: {
        token,
        reservation: claims.reservationId,
        notBeforeMs: claims.notBeforeMs,
        expiresAtMs: claims.expiresAtMs,
      },
      headers: { "set-cookie": options.secureCookies ? `${cookie}; Secure` : cookie },
    };
  });
}
