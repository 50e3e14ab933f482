import { bearerOf } from "../authorization/bearer-token.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import type { Revocations } from "../authorization/revocations.ts";
import type { SaleTokenClaims, SaleTokens } from "../authorization/sale-token.ts";
import type { CheckAnswer } from "../contract/check.ts";
import { productOf } from "../domain/buckets.ts";
import { wholeOf } from "../domain/bundle.ts";
import { unitsOf } from "../domain/units.ts";
import type { HeldReservation, ReserveOutcome } from "../domain/reservation.ts";
import type { SaleProduct } from "../domain/sale.ts";
import type { BrokenBundles } from "./broken-bundles.ts";
import type { BundleCheck } from "./bundle-check.ts";
import type { Catalogue } from "./catalogue.ts";
import type { CatalogueProduct } from "./catalogue-product.ts";
import type { AddressOf, CheckAdmission } from "./check-admission.ts";
import type { CheckAnswers } from "./check-answers.ts";
import { describeLimit } from "./describe-bundle.ts";
import type { GateAnswer } from "./gate-calls.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { ProductReserver } from "./product-reserver.ts";
import { cookieValue, isCrossSite, queryValue, wantsPage } from "./request-fields.ts";

export const tokenCookieName = "seckill_token";

export interface CheckOptions {
  readonly tokens: SaleTokens;
  readonly revocations: Pick<Revocations, "isRevoked">;
  readonly catalogue: Catalogue;
  readonly reserver: ProductReserver;
  readonly authorizer: Authorizer;
  readonly admission: CheckAdmission;
  readonly answers: CheckAnswers;
  /** Answers tokens for a bundle. */
  readonly bundles: BundleCheck;
  readonly brokenBundles: Pick<BrokenBundles, "isAnyBroken">;
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
  readonly page: (request: Request) => Response;
}

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
    const { tokens, revocations, catalogue, answers, admission, now } = this.#options;
    const { headers } = request;
    const authorization = headers.get("authorization");
    let claims = authorization === null ? undefined : tokens.readFrom(authorization, bearerOf);
    if (claims === undefined) {
      if (request.method === "GET" && wantsPage(headers)) return this.#page(request);
      const named = queryValue(request.url, "token") ?? undefined;
      const token = named ?? cookieValue(headers, tokenCookieName);
      if (token === undefined) return answers.turnAway("token_missing");
      // A page of another site can make the browser send the cookie, but knows no token.
      if (named === undefined && isCrossSite(request)) return answers.turnAway("cross_site");
      claims = tokens.read(token);
    }
    if (typeof claims === "string") return answers.turnAway(claims);
    const nowMs = now();
    if (nowMs >= claims.expiresAtMs) return answers.turnAway("token_expired");
    if (revocations.isRevoked(claims.userId, claims.mark)) return answers.turnAway("token_revoked");
    if (claims.parts !== undefined) return this.#options.bundles.respond({ request, server, claims, nowMs });

    const productId = queryValue(request.url, "productID");
    if (productId === undefined || productId === null || productId === "") return answers.turnAway("missing_product");
    const entry = catalogue.find(claims.productId);
    if (productId !== claims.productId && productId !== productOf(claims.productId)) {
      return catalogue.find(productId) === undefined
        ? answers.turnAway("product_not_found")
        : this.#wrongProduct(claims);
    }
    if (entry === undefined) return answers.turnAway("product_not_found");
    if (entry.sale.id !== claims.saleId) return this.#wrongProduct(claims);
    if (admission.isBodyTooLarge(request)) return answers.turnAway("body_too_large");
    const quantity = readQuantity(request.url, entry.product);
    if (typeof quantity === "string") return answers.turnAwayWith("invalid_request", { message: quantity });
    // The start may have moved since the token was issued.
    const { startsAtMs, state } = entry.sale;
    if (state === "cancelled") return answers.turnAway("sale_ended");
    if (nowMs < startsAtMs - this.#options.startLeewayMs) return answers.notStarted(startsAtMs, nowMs);
    // Checked before the limits, because it is cheaper.
    if (this.#options.reserver.hasRefused(entry, claims.reservationId)) return answers.turnAwaySoldOut();
    const waitMs = admission.addressWaitMs(request, server);
    if (waitMs > 0) return answers.limited("address_limited", waitMs);
    return this.#admit({ claims, entry, quantity, nowMs });
  }

  /** Answers as GET does to a client without a token: HEAD is safe by its definition, so it uses none. */
  head(request: Request): Response {
    return wantsPage(request.headers) ? this.#page(request) : this.#options.answers.turnAway("token_missing");
  }

  #page(request: Request): Response {
    this.#options.metrics.checks.add("page");
    return this.#options.page(request);
  }

  /** Our page never sends a token of another product, so this counts as a failed try. */
  #wrongProduct({ userId }: SaleTokenClaims): Response {
    this.#options.authorizer.reportFailure(userId);
    return this.#options.answers.turnAway("token_wrong_product");
  }

  #admit(attempt: Attempt): Response | Promise<Response> {
    const { admission, answers } = this.#options;
    const { userId, productId, reservationId } = attempt.claims;
    const reservation = { productId, reservationId, epoch: attempt.entry.product.epoch };
    return admission.admit({ kind: "check", userId, reservation }, (verdict) =>
      verdict === "held" ? answers.reserved(describe("held", attempt.claims)) : this.#askGate(attempt),
    );
  }

  async #askGate(attempt: Attempt): Promise<Response> {
    const { reserver, metrics, elapsedMs } = this.#options;
    const { claims, entry, quantity } = attempt;
    const { saleId, productId, userId, reservationId } = claims;
    const startedMs = elapsedMs();
    const outcome = await reserver.reserve(entry, { saleId, productId, userId, reservationId, quantity });
    metrics.observeGateLatency((elapsedMs() - startedMs) / 1000);
    return this.#answerTo(outcome, attempt);
  }

  #answerTo(outcome: GateAnswer, attempt: Attempt): Response | Promise<Response> {
    const { answers, authorizer } = this.#options;
    switch (outcome.kind) {
      case "accepted":
        // A holding that is remembered tells no number of units, so only those of one unit are.
        if (unitsOf(outcome.reservation) === 1) authorizer.reportHolding(outcome.reservation);
        return answers.reserved(describe("accepted", outcome.reservation));
      case "replay":
        return this.#replayed(outcome, attempt);
      case "sold_out":
        if (outcome.left > 0) return answers.turnAwayWith("too_few_left", { left: outcome.left });
        return answers.turnAwaySoldOut();
      case "over_limit":
        return this.#overLimit(outcome);
      case "not_started":
        return answers.notStarted(outcome.startsAtMs, attempt.nowMs);
      case "ended":
        return answers.turnAway("sale_ended");
      case "paused":
        return answers.turnAway("sale_paused");
      case "closed":
        return answers.turnAway("gate_closed");
      case "busy":
        return answers.turnAway("overloaded");
      case "unknown":
        return answers.turnAway("gate_unavailable");
    }
  }

  async #overLimit(outcome: ReserveOutcome & { kind: "over_limit" }): Promise<Response> {
    const { answers, brokenBundles } = this.#options;
    if (await brokenBundles.isAnyBroken(outcome)) return answers.turnAway("gate_closed");
    return answers.turnAwayWith("over_limit", describeLimit(outcome));
  }

  #replayed(held: ReserveOutcome & { kind: "replay" }, { claims, entry }: Attempt): Response | Promise<Response> {
    const { answers, authorizer } = this.#options;
    if (held.parts !== undefined) return this.#heldWithBundles(held);
    const { reservationId } = held;
    const { userId, productId } = claims;
    if (unitsOf(held) === 1) {
      authorizer.reportHolding({ userId, productId, reservationId, epoch: entry.product.epoch });
    }
    return answers.reserved(describe("held", held));
  }

  /** The limit is reached with units in bundles. Buyers know bundles only as a whole. */
  async #heldWithBundles(held: ReserveOutcome & { kind: "replay" }): Promise<Response> {
    const { answers, brokenBundles } = this.#options;
    // The units are on their way back: the buyer may have them soon.
    if (await brokenBundles.isAnyBroken(held)) return answers.turnAway("gate_closed");
    const reservation = wholeOf(held.reservationId);
    return answers.reserved(
      reservation === held.reservationId ? describe("held", held) : { reservation, status: "held" },
    );
  }
}

/** One request that has passed the checks of its token. */
interface Attempt {
  readonly claims: SaleTokenClaims;
  readonly entry: CatalogueProduct;
  readonly quantity: number;
  readonly nowMs: number;
}

function describe(status: CheckAnswer["status"], { reservationId, quantity = 1 }: HeldReservation): CheckAnswer {
  return { reservation: reservationId, status, ...(quantity > 1 && { quantity }) };
}

/** The number of units that the query asks for, 1 without one; or a sentence about what is wrong with it. */
function readQuantity(url: string, { limitPerUser }: SaleProduct): number | string {
  const text = queryValue(url, "quantity");
  if (text === undefined) return 1;
  const quantity = text !== null && /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (quantity >= 1 && quantity <= limitPerUser) return quantity;
  return `quantity is ${JSON.stringify(text)}; it must be a whole number from 1 to ${limitPerUser}, the most that one user may buy`;
}
