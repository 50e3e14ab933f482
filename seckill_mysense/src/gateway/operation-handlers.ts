import { healthz, openapi, readyz } from "../contract/operation.ts";
import { openApiDocument } from "../contract/openapi.ts";
import type { HealthBoard } from "../health/health-board.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";

export interface OperationOptions {
  readonly canSell: () => boolean;
  readonly health: HealthBoard;
  /** The description of the listener's interface; by default of the public one. */
  readonly describe?: () => Record<string, unknown>;
}

/** What load balancers ask. It says yes or no: the parts and the figures are for operators, on a listener of their own. */
export function mountOperation(app: GatewayApp, mount: MountOptions, options: OperationOptions): void {
  mountEndpoint(app, healthz, mount, () => ({ ok: { status: "ok" as const } }));

  mountEndpoint(app, readyz, mount, () =>
    options.health.readiness !== "unready" && options.canSell()
      ? { ok: { status: "ready" as const } }
      : { failure: "gate_unavailable", message: "This process can sell nothing now.", retryAfterSeconds: 1 },
  );

  // Built at the first request, to keep it out of the start-up time.
  let description: Record<string, unknown> | undefined;
  mountEndpoint(app, openapi, mount, () => ({ ok: (description ??= (options.describe ?? openApiDocument)()) }));
}
