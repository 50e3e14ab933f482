import { updateIncoming } from "./incoming.ts";
import { updateOutgoing } from "./outgoing.ts";
import { isSameCopy, type RingTable, type Seat, seatOf } from "./ring-table.ts";
import { startServing, updateCopies } from "./serving.ts";
import type { Turn } from "./turn.ts";

/** A table is committed: the node takes the place that it has in it. */
export function learn(turn: Turn, table: RingTable): void {
  const { member } = turn;
  const before = member.committed;
  if (before !== undefined && before.version >= table.version) return;
  member.committed = table;
  turn.effects.push({ type: "table", table });
  const seat = seatOf(table, member.self);
  if (seat === undefined) return stopServing(turn);
  const self = { node: member.self, run: member.durable.run };
  if (isSameCopy(seat.primary, self)) {
    if (member.serving?.epoch === seat.epoch) {
      updateCopies(turn, seat);
      return updateMoves(turn, table, seat);
    }
    startServing(turn, seat);
    updateMoves(turn, table, seat);
    turn.effects.push({ type: "serve", epoch: seat.epoch });
    return;
  }
  stopServing(turn);
  const last = before === undefined ? undefined : seatOf(before, member.self);
  // An earlier run of this node has no data to follow: the leader decides who goes on.
  if (seat.primary.node === member.self || seat.epoch === 0 || last?.epoch === seat.epoch) return;
  turn.effects.push({ type: "follow", epoch: seat.epoch, primary: seat.primary.node });
}

function updateMoves(turn: Turn, table: RingTable, seat: Seat): void {
  updateOutgoing(turn, table, seat);
  updateIncoming(turn, table);
}

function stopServing(turn: Turn): void {
  const { member } = turn;
  member.serving = undefined;
  member.leaseUntilMs = Number.NEGATIVE_INFINITY;
}
