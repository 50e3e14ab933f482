import type { SeatStatus } from "../../dispatch/ports.ts";
import type { Member } from "../agreement/ring-member.ts";
import type { Seat } from "../agreement/ring-table.ts";

type MemberStatus = Pick<SeatStatus, "seat" | "leader" | "term" | "tableVersion" | "inSync" | "leaseLeftMs">;

/** What a node's part in the agreement says of its place. */
export const memberStatus = (member: Member, seat: Seat | undefined, nowMs: number): MemberStatus => ({
  seat: seat?.name ?? "",
  leader: member.role.type === "leader" ? member.self : member.leader,
  term: member.durable.term,
  tableVersion: member.committed?.version ?? 0,
  inSync: seat?.inSync.map(({ node }) => node) ?? [],
  leaseLeftMs: Math.max(0, Math.round(member.leaseUntilMs - nowMs)),
});
