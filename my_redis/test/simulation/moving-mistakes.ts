import type { Change } from "../../../tools/simulation/planted-tree.ts";
import { kernel, model } from "./planted-change.ts";

/** A failover of a seat does not begin the moves anew in which it is the source, or the target. */
const retriesOnly = (side: "from" | "to"): Change =>
  kernel("slot-map.ts", "move.from === seat || move.to === seat ?", `move.${side} === seat ?`);

/** Mistakes about slots that move, and seats that come and go. */
export const movingMistakes = {
  // The source.
  "a source goes on after it has said that it has stopped": [
    kernel(
      "outgoing.ts",
      "return map.moves.every(({ id, spans }) => !isFrozen(member, id) || !hasSlot(spans, slot));",
      "return hasSlot([], slot) || true;",
    ),
  ],
  "the last writes before a freeze are not counted": [
    kernel(
      "outgoing.ts",
      "serving?.outgoing.get(move)?.freeze !== undefined;",
      'typeof serving?.outgoing.get(move)?.freeze === "object";',
    ),
    model(
      "simulated-process.ts",
      "    queue.after(chance.next() * 3",
      "    const offset = this.copy.entries.length;\n    queue.after(chance.next() * 3",
    ),
    model("simulated-process.ts", "attempt, offset: this.copy.entries.length }", "attempt, offset }"),
  ],
  "a source goes on with any other table": [
    kernel("outgoing.ts", "isSame ? before :", "isSame ? { ...before, freeze: undefined } :"),
  ],
  "a source deletes before the hand-over is committed": [
    model(
      "simulated-mover.ts",
      "filter((slot) => !mayHold(table, seat.name, slot))",
      "filter((slot) => !mayHold(table, seat.name, slot) || table.slots!.moves.some(({ id, spans }) => isFrozen(member, id) && hasSlot(spans, slot)))",
    ),
  ],
  "nobody deletes what has gone, or was rolled back": [
    kernel(
      "outgoing.ts",
      "return map.moves.some(({ to, spans }) => to === seat && hasSlot(spans, slot));",
      "return true;",
    ),
  ],
  "what is deleted is not told to replicas": [
    model(
      "simulated-process.ts",
      "    for (const node of this.#seat?.nodes ?? []) {",
      '    if (entry.type === "drop") this.#setCopy({ ...this.copy, entries });\n    if (entry.type !== "drop") for (const node of this.#seat?.nodes ?? []) {',
    ),
  ],
  // The target.
  "a target serves before the hand-over is committed": [
    kernel(
      "outgoing.ts",
      "if (ownerOf(map, slot) !== seatOf(committed!, self)?.name) return false;",
      "const seat = seatOf(committed!, self)?.name;\n  const isHere = (id: number): boolean => member.serving?.incoming.some(({ cursor, isFinal }) => isFinal && cursor.move === id) === true;\n  if (ownerOf(map, slot) !== seat && !map.moves.some(({ id, to, spans }) => to === seat && isHere(id) && hasSlot(spans, slot))) return false;",
    ),
  ],
  "a write between snapshot and stream is missing": [
    model(
      "simulated-mover.ts",
      "source: { epoch: this.#epoch, offset }, snapshot",
      "source: { epoch: this.#epoch, offset: isLast ? this.#process.copy.entries.length + 1 : offset }, snapshot",
    ),
  ],
  "a key that changes after it was sent is not sent again": [
    model("simulated-mover.ts", "dirty.add(entry.slot);", "dirty.delete(entry.slot);"),
  ],
  "a copy counts as whole while changed keys wait": [
    model("simulated-mover.ts", "part + 1 >= slots.length && dirty.size === 0;", "part + 1 >= slots.length;"),
  ],
  "a copy that begins anew keeps what was there": [
    model("simulated-mover.ts", "const dropped = isStart ? [", "const dropped = isStart && !hasLoad ? ["),
  ],
  "a target takes an answer twice, or to an older question": [
    kernel(
      "move-stream.ts",
      "asking !== undefined && !asking.isAnswered && asking.number === number && asking.attempt === attempt;",
      "asking !== undefined && number > 0 && asking.attempt === attempt;",
    ),
  ],
  "parts of two snapshots are mixed": [
    kernel(
      "move-stream.ts",
      "if (snapshot?.number !== has.snapshot) return anew;",
      "if (snapshot === undefined) return anew;",
    ),
  ],
  "the target's replicas need not have what has arrived": [
    kernel(
      "incoming.ts",
      "incoming.filter(({ offset }) => offset <= acknowledged);",
      "incoming.filter(({ offset }) => offset <= Math.max(offset, acknowledged));",
    ),
  ],
  // The leader.
  "a hand-over does not wait for the last writes": [
    kernel("moves.ts", "&& cursor.source.offset >= freeze.offset", "&& cursor.source.offset >= 0"),
  ],
  "a hand-over does not ask the source": [
    kernel("moves.ts", "freeze === undefined || cursor === undefined ||", "cursor === undefined ||"),
    kernel(
      "moves.ts",
      "return cursor.source.epoch === freeze.epoch && cursor.source.offset >= freeze.offset;",
      "return freeze === undefined || (cursor.source.epoch === freeze.epoch && cursor.source.offset >= freeze.offset);",
    ),
  ],
  "a promise for an earlier attempt counts": [
    kernel("moves.ts", "freeze.move === id && freeze.attempt === attempt &&", "freeze.move === id && attempt > 0 &&"),
  ],
  "a promise of a former primary of the source counts": [
    retriesOnly("to"),
    kernel(
      "moves.ts",
      "  const primary = primaryOf(table, from, peers);\n  return primary?.peer.moves?.freezes.find(\n    (freeze) => freeze.move === id && freeze.attempt === attempt && freeze.epoch === primary.seat.epoch,\n  );",
      "  const nodes = table.seats.find(({ name }) => name === from)?.nodes ?? [];\n  return nodes.flatMap((node) => peers.get(node)?.moves?.freezes ?? []).find((freeze) => freeze.move === id && freeze.attempt === attempt);",
    ),
  ],
  "what a former primary of the target had counts": [
    retriesOnly("from"),
    kernel(
      "moves.ts",
      "  const primary = primaryOf(table, to, peers);\n  const arrivals = primary?.peer.moves?.arrivals;\n  return arrivals?.find(({ epoch, cursor }) => epoch === primary?.seat.epoch && cursor.move === id)?.cursor;",
      "  const nodes = table.seats.find(({ name }) => name === to)?.nodes ?? [];\n  return nodes.flatMap((node) => peers.get(node)?.moves?.arrivals ?? []).find(({ cursor }) => cursor.move === id && cursor.isWhole)?.cursor;",
    ),
  ],
  "a slot is in two moves": [
    kernel(
      "slot-map.ts",
      "moves.every((move) => move.from !== from && move.to !== to);",
      "moves.filter((move) => move.from === from && move.to === to).length < 2;",
    ),
  ],
  "a move is never given up": [
    kernel(
      "moves.ts",
      "return freeze !== undefined && freeze.forMs > handOverMs(timing);",
      "return freeze !== undefined && freeze.forMs > 1e6 * handOverMs(timing);",
    ),
  ],
  // Seats that come and go.
  "a voter who joins counts before the joint table is committed": [
    kernel(
      "membership.ts",
      "\n    : withVoters(table, voters);",
      "\n    : { ...withVoters(table, voters), formerVoters: undefined };",
    ),
  ],
  "a seat leaves with its slots": [
    kernel("membership.ts", "slots.owners.every(({ owner }) => owner !== name) &&", "name !== undefined &&"),
  ],
  "a goal is forgotten while its target is not served": [
    kernel(
      "moves.ts",
      "if (map.goal === undefined || differences(map.owners, map.goal).length > 0) return undefined;",
      "if (map.goal === undefined || map.moves.length > (differences([], []).length as number)) return undefined;",
    ),
  ],
} as const satisfies Readonly<Record<string, readonly Change[]>>;
