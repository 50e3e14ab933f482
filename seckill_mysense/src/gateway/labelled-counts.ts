import type { AuthorizationParts } from "./authorization-parts.ts";
import type { BrokenBundles } from "./broken-bundles.ts";
import type { BucketBorrower } from "./bucket-borrower.ts";
import type { LabelledCounts } from "./gateway-metrics.ts";
import type { InvitedUsers } from "./invited-users.ts";
import type { RoomFollower } from "./room-follower.ts";
import type { GateWatch } from "./stock-watch.ts";

export interface CountedParts {
  readonly borrower: BucketBorrower;
  readonly brokenBundles: BrokenBundles;
  readonly gateWatch?: GateWatch | undefined;
  readonly ring: AuthorizationParts["ring"];
  readonly stepUp: AuthorizationParts["stepUp"];
  readonly decisionLog: AuthorizationParts["decisionLog"];
  readonly roomFollower: Pick<RoomFollower, "rates" | "states">;
  readonly invitedUsers: Pick<InvitedUsers, "counts">;
}

/** What a gateway's metrics count beside its requests. */
export function labelledCounts({
  borrower,
  brokenBundles,
  gateWatch,
  ring,
  roomFollower,
  stepUp,
  decisionLog,
  invitedUsers,
}: CountedParts): LabelledCounts[] {
  return [
    { name: "seckill_bucket_borrows_total", type: "counter", label: "outcome", counts: borrower.counts },
    { name: "seckill_bundles_given_up_total", type: "counter", label: "outcome", counts: brokenBundles.counts },
    { name: "seckill_invitation_codes_total", type: "counter", label: "outcome", counts: invitedUsers.counts },
    { name: "seckill_room_rate", type: "gauge", label: "sale", counts: roomFollower.rates },
    { name: "seckill_room_state", type: "gauge", label: "sale", counts: roomFollower.states },
    ...(gateWatch === undefined ? [] : [gateCounts(gateWatch)]),
    ...(ring === undefined ? [] : ringCounts(ring)),
    ...(stepUp === undefined ? [] : stepUpCounts(stepUp, decisionLog)),
  ];
}

function gateCounts({ counts }: GateWatch): LabelledCounts {
  return { name: "seckill_gates_total", type: "counter", label: "event", counts };
}

function stepUpCounts(
  { decisions, outcomes }: NonNullable<CountedParts["stepUp"]>,
  { counts }: CountedParts["decisionLog"],
): LabelledCounts[] {
  return [
    { name: "seckill_step_up_decisions_total", type: "counter", label: "reason", counts: decisions.counts },
    { name: "seckill_step_up_outcomes_total", type: "counter", label: "outcome", counts: outcomes.counts },
    { name: "seckill_step_up_log_total", type: "counter", label: "outcome", counts: counts.counts },
  ];
}

function ringCounts(ring: NonNullable<AuthorizationParts["ring"]>): LabelledCounts[] {
  const { counts } = ring;
  return [
    { name: "seckill_owner_questions_total", type: "counter", label: "outcome", counts: counts.questions },
    { name: "seckill_ring_greetings_total", type: "counter", label: "outcome", counts: counts.greetings },
    { name: "seckill_ring_member_up", type: "gauge", label: "gateway", counts: ring.membersUp },
  ];
}
