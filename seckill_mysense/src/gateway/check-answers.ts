import type { CheckAnswer } from "../contract/check.ts";
import type { FailureCode } from "../contract/failures.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import { answer, encodedRefusal, refuse, type RefusalDetails } from "./refusal.ts";

/** When it is worth trying again, in seconds. */
const retryAfterSeconds: Partial<Record<FailureCode, number>> = {
  overloaded: 1,
  sale_paused: 5,
  gate_closed: 1,
  gate_unavailable: 1,
};

function retryOf(code: FailureCode): RefusalDetails {
  const seconds = retryAfterSeconds[code];
  return seconds === undefined ? {} : { retryAfterSeconds: seconds };
}

/** Refusals without details of their own, each encoded once. */
const encoded = {
  sold_out: encodedRefusal("sold_out"),
  sold_out_can_wait: encodedRefusal("sold_out", { canWait: true }),
  sale_ended: encodedRefusal("sale_ended"),
  token_missing: encodedRefusal("token_missing"),
  cross_site: encodedRefusal("cross_site"),
  token_malformed: encodedRefusal("token_malformed"),
  token_unknown_key: encodedRefusal("token_unknown_key"),
  token_forged: encodedRefusal("token_forged"),
  token_expired: encodedRefusal("token_expired"),
  token_revoked: encodedRefusal("token_revoked"),
  token_wrong_product: encodedRefusal("token_wrong_product"),
  missing_product: encodedRefusal("missing_product"),
  product_not_found: encodedRefusal("product_not_found"),
  body_too_large: encodedRefusal("body_too_large"),
  bundle_broken: encodedRefusal("bundle_broken"),
  overloaded: encodedRefusal("overloaded", retryOf("overloaded")),
  sale_paused: encodedRefusal("sale_paused", retryOf("sale_paused")),
  gate_closed: encodedRefusal("gate_closed", retryOf("gate_closed")),
  gate_unavailable: encodedRefusal("gate_unavailable", retryOf("gate_unavailable")),
} satisfies Partial<Record<FailureCode | "sold_out_can_wait", () => Response>>;

export interface CheckAnswersOptions {
  readonly metrics: Pick<GatewayMetrics, "checks">;
  /** Whether those who come too late may join a waiting list. */
  readonly canWait: boolean;
}

/** The answers of /check. Each one is counted. */
export class CheckAnswers {
  readonly #options: CheckAnswersOptions;

  constructor(options: CheckAnswersOptions) {
    this.#options = options;
  }

  turnAway(code: Exclude<keyof typeof encoded, "sold_out" | "sold_out_can_wait">): Response {
    this.#options.metrics.checks.add(code);
    return encoded[code]();
  }

  turnAwaySoldOut(): Response {
    this.#options.metrics.checks.add("sold_out");
    return encoded[this.#options.canWait ? "sold_out_can_wait" : "sold_out"]();
  }

  turnAwayWith(code: FailureCode, details: RefusalDetails): Response {
    this.#options.metrics.checks.add(code);
    return refuse(code, { ...retryOf(code), ...details });
  }

  notStarted(startsAtMs: number, nowMs: number, details: RefusalDetails = {}): Response {
    const retryAfterSeconds = Math.max(1, Math.ceil((startsAtMs - nowMs) / 1000));
    return this.turnAwayWith("not_started", { startsAtMs, retryAfterSeconds, ...details });
  }

  limited(code: "limited" | "address_limited" | "banned", waitMs: number): Response {
    return this.turnAwayWith(code, { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) });
  }

  /** Accepted: units were set aside now. Held: the buyer has the reservation already. */
  reserved(body: CheckAnswer): Response {
    this.#options.metrics.checks.add(body.status);
    return answer(body, body.status === "accepted" ? 202 : 200);
  }
}
