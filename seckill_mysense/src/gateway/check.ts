import type { Authorizer, Verdict } from "../authorization/authorizer.ts";
import type { ClientAddress } from "../authorization/client-address.ts";
import type { RateLimiter } from "../authorization/rate-limiter.ts";
import type { SaleTokenClaims, SaleTokens } from "../authorization/sale-token.ts";
import type { CheckAnswer } from "../contract/check.ts";
import { productOf } from "../domain/buckets.ts";
import { unitsOf } from "../domain/units.ts";
import type { AcceptedReservation, HeldReservation, ReserveOutcome } from "../domain/reservation.ts";
import type { SaleProduct } from "../domain/sale.ts";
import type { ReserveOptions } from "../gate/gate.ts";
import type { FailureCode } from "../contract/failures.ts";
import type { BucketBorrower } from "./bucket-borrower.ts";
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
  readonly borrower: BucketBorrower;
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
  /** Whether those who come too late may join a waiting list. */
  readonly canWait: boolean;
  readonly page: () => Response;
}

/** Bun's way to get the address of the other end of a connection. */
export interface AddressOf {
  requestIP(request: Request): { readonly address: string } | null;
}

/** Refusals without details of their own, each encoded once. */
const encoded = {
  sold_out: encodedRefusal("sold_out"),
  sold_out_can_wait: encodedRefusal("sold_out", { canWait: true }),
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
} satisfies Partial<Record<FailureCode | "sold_out_can_wait", () => Response>>;

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
    const entry = catalogue.find(claims.productId);
    if (productId !== claims.productId && productId !== productOf(claims.productId)) {
      return catalogue.find(productId) === undefined ? this.#turnAway("product_not_found") : this.#wrongProduct(claims);
    }
    if (entry === undefined) return this.#turnAway("product_not_found");
    if (entry.sale.id !== claims.saleId) return this.#wrongProduct(claims);
    if (this.#isBodyTooLarge(request)) return this.#turnAway("body_too_large");
    const quantity = readQuantity(request.url, entry.product);
    if (typeof quantity === "string") return this.#turnAwayWith("invalid_request", { message: quantity });
    // The start may have moved since the token was issued.
    const { startsAtMs, state } = entry.sale;
    if (state === "cancelled") return this.#turnAway("sale_ended");
    if (nowMs < startsAtMs - this.#options.startLeewayMs) return this.#notStarted(startsAtMs, nowMs);
    // Checked before the limits, because it is cheaper.
    if (entry.soldOut.refuses(claims.reservationId, nowMs)) return this.#turnAwaySoldOut();
    const waitMs = this.#addressWaitMs(request, server, nowMs);
    if (waitMs > 0) return this.#limited("address_limited", waitMs);
    return this.#admit({ claims, entry, quantity, nowMs });
  }

  #page(): Response {
    this.#options.metrics.checks.add("page");
    return this.#options.page();
  }

  #turnAway(code: Exclude<keyof typeof encoded, "sold_out" | "sold_out_can_wait">): Response {
    this.#options.metrics.checks.add(code);
    return encoded[code]();
  }

  #turnAwaySoldOut(): Response {
    this.#options.metrics.checks.add("sold_out");
    return encoded[this.#options.canWait ? "sold_out_can_wait" : "sold_out"]();
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
  #admit(attempt: Attempt): Response | Promise<Response> {
    const { authorizer, nodeLimits } = this.#options;
    if (!nodeLimits.enter()) return this.#turnAway("overloaded");
    const { userId, productId, reservationId } = attempt.claims;
    const reservation = { productId, reservationId, epoch: attempt.entry.product.epoch };
    const verdict = authorizer.decide({ kind: "check", userId, reservation });
    const response =
      verdict instanceof Promise
        ? verdict.then((decided) => this.#follow(decided, attempt))
        : this.#follow(verdict, attempt);
    if (response instanceof Promise) return response.finally(() => nodeLimits.leave());
    nodeLimits.leave();
    return response;
  }

  #follow(verdict: Verdict, attempt: Attempt): Response | Promise<Response> {
    switch (verdict.kind) {
      case "limited":
      case "banned":
        return this.#limited(verdict.kind, verdict.waitMs);
      case "busy":
        return this.#turnAway("overloaded");
      case "held":
        return this.#held(attempt.claims);
      case "allowed":
        if (this.#options.nodeLimits.tryWaitMs(attempt.nowMs) > 0) return this.#turnAway("overloaded");
        return this.#askGate(attempt);
    }
  }

  #held(reservation: HeldReservation): Response {
    this.#options.metrics.checks.add("held");
    return answer(describe("held", reservation), 200);
  }

  /** Bodies have no meaning here and are never read. Refusing large ones early saves the transfer. */
  #isBodyTooLarge({ method, headers }: Request): boolean {
    return method === "POST" && Number(headers.get("content-length") ?? 0) > this.#options.maxBodyBytes;
  }

  async #askGate(attempt: Attempt): Promise<Response> {
    const { gateCalls, borrower, metrics, elapsedMs } = this.#options;
    const { claims, entry, quantity } = attempt;
    const { saleId, productId, userId, reservationId } = claims;
    entry.isAsked = true;
    const startedMs = elapsedMs();
    const request = { saleId, productId, userId, reservationId, quantity };
    const ask = (): Promise<GateAnswer> => gateCalls.reserve(request, knownOf(entry));
    const outcome = await borrower.reserve(entry, { quantity, ask });
    metrics.observeGateLatency((elapsedMs() - startedMs) / 1000);
    return this.#answerTo(outcome, attempt);
  }

  #answerTo(outcome: GateAnswer, attempt: Attempt): Response {
    const { metrics, authorizer } = this.#options;
    const { claims, entry, nowMs } = attempt;
    const { userId, productId } = claims;
    const { epoch } = entry.product;
    switch (outcome.kind) {
      case "accepted":
        entry.soldOut.clear();
        noteSequence(entry, outcome.reservation);
        // A holding that is remembered tells no number of units, so only those of one unit are.
        if (unitsOf(outcome.reservation) === 1) authorizer.reportHolding(outcome.reservation);
        metrics.checks.add("accepted");
        return answer(describe("accepted", outcome.reservation), 202);
      case "replay":
        if (unitsOf(outcome) === 1) {
          authorizer.reportHolding({ userId, productId, reservationId: outcome.reservationId, epoch });
        }
        return this.#held(outcome);
      case "sold_out":
        return this.#soldOut(outcome, attempt);
      case "over_limit":
        return this.#turnAwayWith("over_limit", { left: outcome.left });
      case "not_started":
        return this.#notStarted(outcome.startsAtMs, nowMs);
      case "ended":
        return this.#turnAway("sale_ended");
      case "paused":
        return this.#turnAway("sale_paused");
      case "closed":
        entry.isDue = true;
        this.#options.gateWatch?.hurry(productId, { epoch, sequence: entry.sequence });
        return this.#turnAway("gate_closed");
      case "busy":
        return this.#turnAway("overloaded");
      case "unknown":
        return this.#turnAway("gate_unavailable");
    }
  }

  /** Only a product without a single unit is sold out: other buyers may want fewer. */
  #soldOut({ epoch, left }: ReserveOutcome & { kind: "sold_out" }, { claims, entry }: Attempt): Response {
    if (left > 0) return this.#turnAwayWith("too_few_left", { left });
    entry.soldOut.soldOut(claims.reservationId, epoch, this.#options.now());
    entry.available = 0;
    return this.#turnAwaySoldOut();
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

export function knownOf({ product, sequence }: CatalogueProduct): Required<ReserveOptions> {
  return { minEpoch: product.epoch, minSequence: sequence };
}

export function noteSequence(entry: CatalogueProduct, { epoch, sequence = 0 }: AcceptedReservation): void {
  if (epoch === entry.product.epoch && sequence > entry.sequence) entry.sequence = sequence;
}
