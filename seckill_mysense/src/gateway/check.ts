import type { Authorizer, Verdict } from "../authorization/authorizer.ts";
import type { ClientAddress } from "../authorization/client-address.ts";
import type { RateLimiter } from "../authorization/rate-limiter.ts";
import type { SaleTokenClaims, SaleTokens } from "../authorization/sale-token.ts";
import type { CheckAnswer } from "../contract/check.ts";
import type { AcceptedReservation } from "../domain/reservation.ts";
import type { ReserveOptions } from "../gate/gate.ts";
import type { FailureCode } from "../contract/failures.ts";
import type { Catalogue } from "./catalogue.ts";
import type { CatalogueProduct } from "./catalogue-product.ts";
import type { GateWatch } from "./stock-watch.ts";
import type { GateAnswer, GateCalls } from "./gate-calls.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { NodeLimits } from "./node-limits.ts";
import { answer, encodedRefusal, refuse, type RefusalDetails } from "./refusal.ts";
import { bearerOf, cookieValue, queryValue, wantsPage } from "./request-fields.ts";

export const tokenCookieName = "seckill_token";

export interface CheckOptions {
  readonly tokens: SaleTokens;
  readonly catalogue: Catalogue;
  readonly gateCalls: GateCalls;
  readonly authorizer: Authorizer;
  readonly perAddress: RateLimiter;
  readonly clientAddress: ClientAddress;
  readonly nodeLimits: NodeLimits;
  readonly gateWatch: GateWatch | undefined;
  readonly metrics: GatewayMetrics;
  /** The gate's clock as far as this gateway knows it, Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds of a monotonic clock, for measuring durations. */
  readonly elapsedMs: () => number;
  /**
   * How far this machine's clock may be behind the gate's, in milliseconds. The gate is asked this long before the
   * start.
   */
  readonly startLeewayMs: number;
  readonly maxBodyBytes: number;
  readonly page: () => Response;
}

/** Bun's way to get the address of the other end of a connection. */
export interface AddressOf {
  requestIP(request: Request): { readonly address: string } | null;
}

/** Refusals without details of their own, each encoded once. */
const encoded = {
  sold_out: encodedRefusal("sold_out"),
  sale_ended: encodedRefusal("sale_ended"),
  token_missing: encodedRefusal("token_missing"),
  token_malformed: encodedRefusal("token_malformed"),
  token_unknown_key: encodedRefusal("token_unknown_key"),
  token_forged: encodedRefusal("token_forged"),
  token_expired: encodedRefusal("token_expired"),
  token_wrong_product: encodedRefusal("token_wrong_product"),
  missing_product: encodedRefusal("missing_product"),
  product_not_found: encodedRefusal("product_not_found"),
  body_too_large: encodedRefusal("body_too_large"),
  overloaded: encodedRefusal("overloaded", { retryAfterSeconds: 1 }),
  sale_paused: encodedRefusal("sale_paused", { retryAfterSeconds: 5 }),
  gate_closed: encodedRefusal("gate_closed", { retryAfterSeconds: 1 }),
  gate_unavailable: encodedRefusal("gate_unavailable", { retryAfterSeconds: 1 }),
} satisfies Partial<Record<FailureCode, () => Response>>;

/**
 * The endpoint at which buyers ask for a unit. The order of the steps is the defence: the cheapest checks that turn
 * away most requests come first, and nothing but the token is read before the token is verified.
 */
export class Check {
  readonly #options: CheckOptions;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  respond(request: Request, server: AddressOf): Response | Promise<Response> {
    const { tokens, catalogue, now } = this.#options;
    const { headers } = request;
    const authorization = headers.get("authorization");
    let claims = authorization === null ? undefined : tokens.readFrom(authorization, bearerOf);
    if (claims === undefined) {
      if (request.method === "GET" && wantsPage(headers)) return this.#page();
      const token = queryValue(request.url, "token") ?? cookieValue(headers, tokenCookieName);
      if (token === undefined) return this.#turnAway("token_missing");
      claims = tokens.read(token);
    }
    if (typeof claims === "string") return this.#turnAway(claims);
    const nowMs = now();
    if (nowMs >= claims.expiresAtMs) return this.#turnAway("token_expired");

    const productId = queryValue(request.url, "productID");
    if (productId === undefined || productId === null || productId === "") return this.#turnAway("missing_product");
    const entry = catalogue.find(productId);
    if (entry === undefined) return this.#turnAway("product_not_found");
    if (productId !== claims.productId || entry.sale.id !== claims.saleId) return this.#wrongProduct(claims);
    if (this.#isBodyTooLarge(request)) return this.#turnAway("body_too_large");
    // The start may have moved since the token was issued.
    const { startsAtMs, state } = entry.sale;
    if (state === "cancelled") return this.#turnAway("sale_ended");
    if (nowMs < startsAtMs - this.#options.startLeewayMs) return this.#notStarted(startsAtMs, nowMs);
    // Checked before the limits, because it is cheaper.
    if (entry.soldOut.refuses(claims.reservationId, nowMs)) return this.#turnAway("sold_out");
    const waitMs = this.#addressWaitMs(request, server, nowMs);
    if (waitMs > 0) return this.#limited("address_limited", waitMs);
    return this.#admit(claims, entry, nowMs);
  }

  #page(): Response {
    this.#options.metrics.checks.add("page");
    return this.#options.page();
  }

  #turnAway(code: keyof typeof encoded): Response {
    this.#options.metrics.checks.add(code);
    return encoded[code]();
  }

  #turnAwayWith(code: FailureCode, details: RefusalDetails): Response {
    this.#options.metrics.checks.add(code);
    return refuse(code, details);
  }

  #notStarted(startsAtMs: number, nowMs: number): Response {
    const retryAfterSeconds = Math.max(1, Math.ceil((startsAtMs - nowMs) / 1000));
    return this.#turnAwayWith("not_started", { startsAtMs, retryAfterSeconds });
  }

  #limited(code: "limited" | "address_limited" | "banned", waitMs: number): Response {
    return this.#turnAwayWith(code, { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) });
  }

  /** Our page never sends a token of another product, so this counts as a failed try. */
  #wrongProduct({ userId }: SaleTokenClaims): Response {
    this.#options.authorizer.reportFailure(userId);
    return this.#turnAway("token_wrong_product");
  }

  #addressWaitMs(request: Request, server: AddressOf, nowMs: number): number {
    const { perAddress, clientAddress } = this.#options;
    if (perAddress.isOff) return 0;
    const peer = server.requestIP(request)?.address ?? "";
    return perAddress.take(clientAddress.keyOf(peer, request.headers), nowMs);
  }

  /** Asks whether the user may try: synchronously if this gateway owns the user, in one hop if another one does. */
  #admit(claims: SaleTokenClaims, entry: CatalogueProduct, nowMs: number): Response | Promise<Response> {
    const { authorizer, nodeLimits } = this.#options;
    if (!nodeLimits.enter()) return this.#turnAway("overloaded");
    const { userId, productId, reservationId } = claims;
    const reservation = { productId, reservationId, epoch: entry.product.epoch };
    const verdict = authorizer.decide({ kind: "check", userId, reservation });
    const response =
      verdict instanceof Promise
        ? verdict.then((decided) => this.#follow(decided, claims, entry, nowMs))
        : this.#follow(verdict, claims, entry, nowMs);
    if (response instanceof Promise) return response.finally(() => nodeLimits.leave());
    nodeLimits.leave();
    return response;
  }

  #follow(
    verdict: Verdict,
    claims: SaleTokenClaims,
    entry: CatalogueProduct,
    nowMs: number,
  ): Response | Promise<Response> {
    switch (verdict.kind) {
      case "limited":
      case "banned":
        return this.#limited(verdict.kind, verdict.waitMs);
      case "busy":
        return this.#turnAway("overloaded");
      case "held":
        return this.#held(claims.reservationId);
      case "allowed":
        if (this.#options.nodeLimits.tryWaitMs(nowMs) > 0) return this.#turnAway("overloaded");
        return this.#askGate(claims, entry, nowMs);
    }
  }

  #held(reservationId: string): Response {
    this.#options.metrics.checks.add("held");
    return answer({ reservation: reservationId, status: "held" } satisfies CheckAnswer, 200);
  }

  /** Bodies have no meaning here and are never read. Refusing large ones early saves the transfer. */
  #isBodyTooLarge({ method, headers }: Request): boolean {
    return method === "POST" && Number(headers.get("content-length") ?? 0) > this.#options.maxBodyBytes;
  }

  async #askGate(claims: SaleTokenClaims, entry: CatalogueProduct, nowMs: number): Promise<Response> {
    const { gateCalls, metrics, elapsedMs } = this.#options;
    const { saleId, productId, userId, reservationId } = claims;
    entry.isAsked = true;
    const startedMs = elapsedMs();
    const outcome = await gateCalls.reserve({ saleId, productId, userId, reservationId }, knownOf(entry));
    metrics.observeGateLatency((elapsedMs() - startedMs) / 1000);
    return this.#answerTo(outcome, claims, entry, nowMs);
  }

  #answerTo(outcome: GateAnswer, claims: SaleTokenClaims, entry: CatalogueProduct, nowMs: number): Response {
    const { metrics, now, authorizer } = this.#options;
    const { userId, productId } = claims;
    switch (outcome.kind) {
      case "accepted":
        entry.soldOut.clear();
        noteSequence(entry, outcome.reservation);
        authorizer.reportHolding(outcome.reservation);
        metrics.checks.add("accepted");
        return answer({ reservation: claims.reservationId, status: "accepted" } satisfies CheckAnswer, 202);
      case "replay":
        authorizer.reportHolding({
          userId,
          productId,
          reservationId: outcome.reservationId,
          epoch: entry.product.epoch,
        });
        return this.#held(outcome.reservationId);
      case "sold_out":
        entry.soldOut.soldOut(claims.reservationId, outcome.epoch, now());
        entry.available = 0;
        return this.#turnAway("sold_out");
      case "not_started":
        return this.#notStarted(outcome.startsAtMs, nowMs);
      case "ended":
        return this.#turnAway("sale_ended");
      case "paused":
        return this.#turnAway("sale_paused");
      case "closed":
        entry.isDue = true;
        this.#options.gateWatch?.hurry(productId, { epoch: entry.product.epoch, sequence: entry.sequence });
        return this.#turnAway("gate_closed");
      case "busy":
        return this.#turnAway("overloaded");
      case "unknown":
        return this.#turnAway("gate_unavailable");
    }
  }
}

function knownOf({ product, sequence }: CatalogueProduct): Required<ReserveOptions> {
  return { minEpoch: product.epoch, minSequence: sequence };
}

function noteSequence(entry: CatalogueProduct, { epoch, sequence = 0 }: AcceptedReservation): void {
  if (epoch === entry.product.epoch && sequence > entry.sequence) entry.sequence = sequence;
}
