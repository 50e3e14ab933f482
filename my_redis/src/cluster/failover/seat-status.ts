import type { SeatStatus } from "../../dispatch/ports.ts";
import type { Member } from "../agreement/ring-member.ts";
import type { RingTable, Seat } from "../agreement/ring-table.ts";
import type { Members } from "../members.ts";

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

/** For each place on the ring, its nodes with the primary first. */
export const nodesBySeat = ({ seats }: Members, table: RingTable): readonly (readonly string[])[] =>
  seats.map((name) => {
    const { nodes, primary } = table.seats.find((seat) => seat.name === name) as Seat;
    return [primary.node, ...nodes.filter((node) => node !== primary.node)];
  });
