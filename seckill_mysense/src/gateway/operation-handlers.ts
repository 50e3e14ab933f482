import { healthz, metrics, openapi, readyz } from "../contract/operation.ts";
import { openApiDocument } from "../contract/openapi.ts";
import type { HealthBoard } from "../health/health-board.ts";
import type { LabelledCounts } from "./gateway-metrics.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";

export interface OperationOptions {
  /** Whether ledger and gate were reached a moment ago. */
  readonly isFresh: () => boolean;
  readonly health: HealthBoard;
  /** Current values by metric name. */
  readonly gauges: () => Readonly<Record<string, number>>;
  /** Metrics with a label, which other parts keep. */
  readonly counts: () => readonly LabelledCounts[];
}

export function mountOperation(app: GatewayApp, mount: MountOptions, options: OperationOptions): void {
  mountEndpoint(app, healthz, mount, () => ({ ok: { status: "ok" as const } }));

  mountEndpoint(app, readyz, mount, () => {
    const { readiness, parts } = options.health;
    if (readiness !== "unready" && options.isFresh()) return { ok: { status: readiness, parts: [...parts] } };
    const why = parts.flatMap(({ name, reason }) => (reason === undefined ? [] : [`${name}: ${reason}`]));
    return {
      failure: "gate_unavailable" as const,
      message: why.length > 0 ? why.join("; ") : "Ledger or gate have not answered for a while.",
      retryAfterSeconds: 1,
    };
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
  mountEndpoint(app, openapi, mount, () => ({ ok: (description ??= openApiDocument()) }));
}
