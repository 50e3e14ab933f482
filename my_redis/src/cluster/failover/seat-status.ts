import type { SeatStatus } from "../../dispatch/ports.ts";
import type { Position } from "../agreement/position.ts";
import type { Member } from "../agreement/ring-member.ts";
import type { Seat } from "../agreement/ring-table.ts";
import { movingStatus } from "../moving/moving-status.ts";
import type { SlotMover } from "../moving/slot-mover.ts";
import type { SeatGate } from "./reply-gate.ts";
import type { RingStateFile } from "./ring-state-file.ts";

export interface SeatFacts {
  readonly member: Member;
  readonly seat: Seat | undefined;
  readonly nowMs: number;
  readonly position: Position;
  readonly isFollowing: boolean;
  readonly file: Pick<RingStateFile, "isFailing">;
  readonly gate: Pick<SeatGate, "waitingTurns" | "waitingBytes">;
  readonly waitingRequests: number;
  readonly failovers: number;
  readonly mover: SlotMover;
}

export function seatStatus(facts: SeatFacts): SeatStatus {
  const { member, seat, nowMs, position, isFollowing, file, gate, waitingRequests, failovers, mover } = facts;
  const { waitingTurns, waitingBytes } = gate;
  return {
    seat: seat?.name ?? "",
    leader: member.role.type === "leader" ? member.self : member.leader,
    term: member.durable.term,
    tableVersion: member.committed?.version ?? 0,
    seatEpochs: new Map(member.committed?.seats.map(({ name, epoch }) => [name, epoch])),
    inSync: seat?.inSync.map(({ node }) => node) ?? [],
    leaseLeftMs: Math.max(0, Math.round(member.leaseUntilMs - nowMs)),
    role: member.serving !== undefined ? "primary" : isFollowing ? "replica" : "waiting",
    stateFile: file.isFailing ? "failing" : "ok",
    ...{ dataEpoch: position.epoch, dataOffset: position.offset },
    ...{ waitingTurns, waitingBytes, waitingRequests, failovers },
    moving: movingStatus(member, mover),
  };
}
