import { endpoints } from "../contract/endpoints.ts";
import type { FailureCode } from "../contract/failures.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { GatewayApp } from "./mount-endpoint.ts";
import { refuse } from "./refusal.ts";

/** Answers for known paths with a wrong method (405) and for unknown paths (404). */
export function mountRefusals(app: GatewayApp, metrics: GatewayMetrics): void {
  const turnAway = (code: FailureCode, headers: Readonly<Record<string, string>> = {}): Response => {
    metrics.refusals.add(code);
    return refuse(code, {}, headers);
  };
  // /check is a route of Bun's server, in exactly this spelling.
  const mounted = Object.values(endpoints).filter((endpoint) => endpoint.path !== "/check");
  const byPath = Map.groupBy(mounted, (endpoint) => endpoint.path);
  for (const [path, samePath] of byPath) {
    const allow = samePath.map((endpoint) => endpoint.method).join(", ");
    app.all(path, () => turnAway("method_not_allowed", { allow }));
  }
  app.notFound(() => turnAway("not_found"));
}
