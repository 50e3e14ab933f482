import type { LocalAuthorizer } from "../authorization/local-authorizer.ts";
import type { Revocations } from "../authorization/revocations.ts";
import type { AuthorizationParts } from "./authorization-parts.ts";
import type { Catalogue } from "./catalogue.ts";
import type { EventStreams } from "./event-streams.ts";
import type { GateCalls } from "./gate-calls.ts";
import type { NodeLimits } from "./node-limits.ts";
import type { ProductHealth } from "./product-health.ts";
import type { RoomFollower } from "./room-follower.ts";
import type { GateWatch } from "./stock-watch.ts";

interface GaugedParts {
  readonly gateWatch?: GateWatch | undefined;
  readonly gateCalls: Pick<GateCalls, "running">;
  readonly streams: Pick<EventStreams, "count">;
  readonly nodeLimits: Pick<NodeLimits, "inFlight">;
  readonly catalogue: Pick<Catalogue, "productCount">;
  readonly productHealth: Pick<ProductHealth, "notWell">;
  readonly local: Pick<LocalAuthorizer, "failingUsers">;
  readonly revocations: Pick<Revocations, "sessionCount" | "userCount" | "dropped">;
  readonly roomFollower: Pick<RoomFollower, "gauges">;
  readonly ring: AuthorizationParts["ring"];
}

/** What a gateway is busy with now. */
export function gatewayGauges(parts: GaugedParts): Readonly<Record<string, number>> {
  return {
    seckill_closed_products: parts.gateWatch?.closed ?? 0,
    seckill_gate_calls_running: parts.gateCalls.running,
    seckill_event_listeners: parts.streams.count,
    seckill_requests_in_flight: parts.nodeLimits.inFlight,
    seckill_products: parts.catalogue.productCount,
    seckill_products_not_well: parts.productHealth.notWell,
    seckill_failing_users: parts.local.failingUsers,
    seckill_revoked_sessions: parts.revocations.sessionCount,
    seckill_revoked_users: parts.revocations.userCount,
    seckill_revocations_dropped: parts.revocations.dropped,
    ...parts.roomFollower.gauges,
    ...parts.ring?.gauges,
  };
}
