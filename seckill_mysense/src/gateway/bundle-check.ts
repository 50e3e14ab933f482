import type { Authorizer } from "../authorization/authorizer.ts";
import type { BundleTokenClaims } from "../authorization/sale-token.ts";
import type { CheckAnswer } from "../contract/check.ts";
import type { FailureCode } from "../contract/failures.ts";
import { productOf } from "../domain/buckets.ts";
import { type BundleReason, partId } from "../domain/bundle.ts";
import type { ReservationRequest } from "../domain/reservation.ts";
import { GateOutcomeUnknown, GateUnavailable } from "../gate/gate-errors.ts";
import type { Gate } from "../gate/gate.ts";
import type { BrokenBundles } from "./broken-bundles.ts";
import type { Catalogue } from "./catalogue.ts";
import type { CatalogueProduct } from "./catalogue-product.ts";
import type { AddressOf, CheckAdmission } from "./check-admission.ts";
import type { CheckAnswers } from "./check-answers.ts";
import { describeLimit, describeParts } from "./describe-bundle.ts";
import type { GateAnswer } from "./gate-calls.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { ProductReserver } from "./product-reserver.ts";
import type { RefusalDetails } from "./refusal.ts";
import { queryValue } from "./request-fields.ts";

export interface BundleCheckOptions {
  readonly catalogue: Pick<Catalogue, "find">;
  readonly gate: Pick<Gate, "holds">;
  readonly reserver: ProductReserver;
  readonly brokenBundles: BrokenBundles;
  readonly authorizer: Pick<Authorizer, "reportFailure">;
  readonly admission: CheckAdmission;
  readonly answers: CheckAnswers;
  readonly metrics: Pick<GatewayMetrics, "observeGateLatency">;
  /** Milliseconds of a monotonic clock, for measuring durations. */
  readonly elapsedMs: () => number;
  /** The gates are asked this long before the start, in milliseconds. */
  readonly startLeewayMs: number;
}

/** A request whose token is verified and has not expired. */
export interface BundleRequest {
  readonly request: Request;
  readonly server: AddressOf;
  readonly claims: BundleTokenClaims;
  /** The gate's clock, Unix milliseconds. */
  readonly nowMs: number;
}

/** One product of the bundle: its units are a reservation of their own at the product's gate. */
interface Part {
  readonly entry: CatalogueProduct;
  readonly reservation: ReservationRequest;
}

interface Attempt {
  readonly claims: BundleTokenClaims;
  readonly parts: readonly Part[];
  /** Parts that the gate has lately refused to others. */
  readonly soldOut: readonly Part[];
  readonly nowMs: number;
}

/**
 * Answers /check for a bundle: all of its parts or none. Each part is reserved at its own gate, one after the other.
 * Only the ledger knows the whole: it completes the bundle with the last part, or gives the units of all parts back.
 */
export class BundleCheck {
  readonly #options: BundleCheckOptions;

  constructor(options: BundleCheckOptions) {
    this.#options = options;
  }

  respond({ request, server, claims, nowMs }: BundleRequest): Response | Promise<Response> {
    const { admission, answers, brokenBundles, elapsedMs, startLeewayMs } = this.#options;
    // The token says what is wanted. A request that says it too is one for another product.
    if (queryValue(request.url, "productID") !== undefined || queryValue(request.url, "quantity") !== undefined) {
      return this.#wrongProduct(claims);
    }
    const parts = this.#partsOf(claims);
    if ("missing" in parts) return answers.turnAwayWith("product_not_found", { productID: parts.missing });
    const { sale } = parts[0]!.entry;
    if (parts.some(({ entry }) => entry.sale.id !== claims.saleId)) return this.#wrongProduct(claims);
    if (admission.isBodyTooLarge(request)) return answers.turnAway("body_too_large");
    if (sale.state === "cancelled") return answers.turnAway("sale_ended");
    if (nowMs < sale.startsAtMs - startLeewayMs) return answers.notStarted(sale.startsAtMs, nowMs);
    // Checked before the limits, because it is cheaper.
    if (brokenBundles.knows(claims.reservationId)) return answers.turnAway("bundle_broken");
    // Also those who are refused without asking the gates: a gate that is asked for is looked at soon.
    for (const { entry } of parts) entry.isAsked = true;
    const soldOut = parts.filter(({ entry }) => entry.soldOut.isLikely(elapsedMs()));
    const refused = soldOut.find(({ entry, reservation }) => entry.soldOut.hasRefused(reservation.reservationId));
    if (refused !== undefined) return this.#refuse(refused, "sold_out");
    const waitMs = admission.addressWaitMs(request, server);
    if (waitMs > 0) return answers.limited("address_limited", waitMs);
    return admission.admit({ kind: "check", userId: claims.userId }, () =>
      this.#askGates({ claims, parts, soldOut, nowMs }),
    );
  }

  #wrongProduct({ userId }: BundleTokenClaims): Response {
    this.#options.authorizer.reportFailure(userId);
    return this.#options.answers.turnAway("token_wrong_product");
  }

  #partsOf({ saleId, userId, reservationId, parts }: BundleTokenClaims): Part[] | { readonly missing: string } {
    const found: Part[] = [];
    for (const [index, { productId, quantity }] of parts.entries()) {
      const entry = this.#options.catalogue.find(productId);
      if (entry === undefined) return { missing: productOf(productId) };
      const id = partId(reservationId, index + 1, parts.length);
      found.push({ entry, reservation: { reservationId: id, saleId, productId, userId, quantity } });
    }
    return found;
  }

  async #askGates(attempt: Attempt): Promise<Response> {
    const { metrics, elapsedMs } = this.#options;
    const startedMs = elapsedMs();
    const response = await this.#reserve(attempt);
    metrics.observeGateLatency((elapsedMs() - startedMs) / 1000);
    return response;
  }

  async #reserve(attempt: Attempt): Promise<Response> {
    const { reserver, brokenBundles, answers } = this.#options;
    const { claims, parts } = attempt;
    const [soldOut] = attempt.soldOut;
    // Nothing is reserved at the gates of the other parts, only to be given back. Without its first part, the bundle has
    // no unit yet. One request now and then does ask all gates.
    if (soldOut !== undefined && !(await this.#isHeld(parts[0]!))) {
      soldOut.entry.soldOut.refuseToo(soldOut.reservation.reservationId);
      return this.#refuse(soldOut, "sold_out");
    }
    let isNew = false;
    for (const [index, part] of parts.entries()) {
      const outcome = await reserver.reserve(part.entry, part.reservation);
      const isOwn = outcome.kind === "replay" && outcome.reservationId === part.reservation.reservationId;
      if (outcome.kind === "accepted") isNew = true;
      else if (!isOwn) return this.#stopAt(part, outcome, attempt);
      // This is a repeated request. The gates repeat their answers for ever, also after the ledger gave the units back.
      else if (index === 0 && (await brokenBundles.isBroken(claims.reservationId)))
        return answers.turnAway("bundle_broken");
    }
    return answers.reserved(describe(claims, isNew ? "accepted" : "held"));
  }

  async #isHeld({ reservation }: Part): Promise<boolean> {
    try {
      return await this.#options.gate.holds(reservation);
    } catch (error) {
      // Nothing is known: the gate itself is to say what it does with the reservation.
      if (error instanceof GateUnavailable || error instanceof GateOutcomeUnknown) return true;
      throw error;
    }
  }

  /** The gate did not give this part. After a final refusal the parts before it are given up. */
  async #stopAt(part: Part, outcome: Exclude<GateAnswer, { kind: "accepted" }>, attempt: Attempt): Promise<Response> {
    switch (outcome.kind) {
      // Without this bundle the user holds as many units as one user may.
      case "replay":
      case "over_limit":
        if (await this.#options.brokenBundles.isAnyBroken(outcome)) return this.#refuse(part, "gate_closed");
        return this.#giveUp(part, attempt, "over_limit", describeLimit(outcome));
      case "sold_out":
        if (outcome.left > 0) return this.#giveUp(part, attempt, "too_few_left", { left: outcome.left });
        return this.#giveUp(part, attempt, "sold_out");
      case "ended":
        return this.#giveUp(part, attempt, "sale_ended");
      case "not_started":
        return this.#options.answers.notStarted(outcome.startsAtMs, attempt.nowMs);
      // After these the same token may be sent again. Until then, and within its time, the ledger waits for the rest.
      case "paused":
        return this.#refuse(part, "sale_paused");
      case "closed":
        return this.#refuse(part, "gate_closed");
      case "busy":
        return this.#refuse(part, "overloaded");
      case "unknown":
        return this.#refuse(part, "gate_unavailable");
    }
  }

  async #giveUp(
    part: Part,
    { claims, parts }: Attempt,
    code: FinalCode,
    details: RefusalDetails = {},
  ): Promise<Response> {
    const { brokenBundles, answers } = this.#options;
    // A bundle whose first part was refused has no units, and the ledger need not know of it.
    if (part === parts[0]) return this.#refuse(part, code, details);
    const { reservationId: bundleId, saleId, userId } = claims;
    const state = await brokenBundles.giveUp({ bundleId, saleId, userId, parts: parts.length }, reasons[code]);
    if (state === "complete") return answers.reserved(describe(claims, "held"));
    return this.#refuse(part, code, details);
  }

  #refuse({ entry }: Part, code: FailureCode, details: RefusalDetails = {}): Response {
    return this.#options.answers.turnAwayWith(code, { ...details, productID: productOf(entry.product.id) });
  }
}

/** Refusals after which the bundle cannot be had with this token, and what the ledger keeps as their reason. */
const reasons = {
  sold_out: "sold_out",
  too_few_left: "sold_out",
  over_limit: "limit_per_user",
  sale_ended: "sale_ended",
} as const satisfies Partial<Record<FailureCode, BundleReason>>;
type FinalCode = keyof typeof reasons;

function describe({ reservationId, parts }: BundleTokenClaims, status: CheckAnswer["status"]): CheckAnswer {
  return { reservation: reservationId, status, parts: describeParts(reservationId, parts) };
}
