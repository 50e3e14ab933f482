import type { AuthorizationParts } from "./authorization-parts.ts";
import { limiterOf } from "./authorization-parts.ts";
import type { BrokenBundles } from "./broken-bundles.ts";
import { BundleCheck } from "./bundle-check.ts";
import { CheckAdmission } from "./check-admission.ts";
import { CheckAnswers } from "./check-answers.ts";
import { Check } from "./check.ts";
import type { GateCalls } from "./gate-calls.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { Stock, StockParts } from "./open-stock.ts";
import { ProductReserver } from "./product-reserver.ts";
import type { Pages } from "./pages.ts";
import type { Revocations } from "../authorization/revocations.ts";
import type { SaleTokens } from "../authorization/sale-token.ts";

export interface CheckSystem extends AuthorizationParts, Stock {
  readonly tokens: SaleTokens;
  readonly revocations: Revocations;
  readonly gateCalls: GateCalls;
  readonly brokenBundles: BrokenBundles;
  readonly metrics: GatewayMetrics;
}

/** Builds the endpoint /check, for single products and for bundles. */
export function assembleCheck(
  { gate, gateWatch, settings, elapsedMs }: StockParts,
  system: CheckSystem,
  { sale }: Pick<Pages, "sale">,
): Check {
  const { limits } = settings;
  const { metrics, gateClock } = system;
  const { now } = gateClock;
  const answers = new CheckAnswers({ metrics, canWait: limits.waiting_per_product > 0 });
  const admission = new CheckAdmission({
    ...system,
    ...{ answers, perAddress: limiterOf(settings, limits.check_per_address), maxBodyBytes: limits.max_body_bytes },
    elapsedMs,
  });
  const reserver = new ProductReserver({ ...system, gateWatch, elapsedMs });
  const shared = { ...system, answers, admission, reserver, elapsedMs, startLeewayMs: limits.start_leeway_ms };
  return new Check({
    ...shared,
    bundles: new BundleCheck({ ...shared, gate }),
    now,
    page: (request) => sale.respond(request),
  });
}
