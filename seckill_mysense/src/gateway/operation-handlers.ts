import { healthz, metrics, openapi, readyz } from "../contract/operation.ts";
import { openApiDocument } from "../contract/openapi.ts";
import type { HealthBoard } from "../health/health-board.ts";
import type { ProductHealth } from "./product-health.ts";
import { answer } from "./refusal.ts";
import type { LabelledCounts } from "./gateway-metrics.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";

export interface OperationOptions {
  readonly canSell: () => boolean;
  readonly health: HealthBoard;
  readonly products: ProductHealth;
  /** Current values by metric name. */
  readonly gauges: () => Readonly<Record<string, number>>;
  /** Metrics with a label, which other parts keep. */
  readonly counts: () => readonly LabelledCounts[];
  /** The description of the listener's interface; by default of the public one. */
  readonly describe?: () => Record<string, unknown>;
}

export function mountOperation(app: GatewayApp, mount: MountOptions, options: OperationOptions): void {
  mountEndpoint(app, healthz, mount, () => ({ ok: { status: "ok" as const } }));

  mountEndpoint(app, readyz, mount, () => {
    const { readiness } = options.health;
    const report = { parts: [...options.health.parts], ...options.products.report() };
    if (readiness !== "unready" && options.canSell()) {
      const isReady = readiness === "ready" && report.productsNotWell === 0;
      return { ok: { status: isReady ? ("ready" as const) : ("degraded" as const), ...report } };
    }
    mount.metrics.refusals.add("gate_unavailable");
    const why = report.parts.flatMap(({ name, reason }) => (reason === undefined ? [] : [`${name}: ${reason}`]));
    const message = why.length > 0 ? why.join("; ") : "This gateway can sell nothing now.";
    const refusal = { error: "gate_unavailable", message, retryAfterSeconds: 1 };
    return answer({ ...refusal, status: "unready", ...report }, 503, { headers: { "retry-after": "1" } });
  });

  mountEndpoint(
    app,
    metrics,
    mount,
    async () =>
      new Response(await mount.metrics.text(options.gauges(), options.counts()), {
        headers: { "content-type": metrics.okContentType, "cache-control": "no-store" },
      }),
  );

  // Built at the first request, to keep it out of the start-up time.
  let description: Record<string, unknown> | undefined;
  mountEndpoint(app, openapi, mount, () => ({ ok: (description ??= (options.describe ?? openApiDocument)()) }));
}
