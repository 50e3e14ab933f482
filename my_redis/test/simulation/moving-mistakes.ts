import type { Change } from "../../../tools/simulation/planted-tree.ts";
import { kernel, model } from "./planted-change.ts";

/** Mistakes about slots that move, and seats that come and go. */
export const movingMistakes = {
  // The source.
  "a source goes on after it has said that it has stopped": [
    kernel("outgoing.ts", '?.freeze === "asked";', "?.freeze !== undefined;"),
  ],
  "a source says that it has stopped while it finishes what was begun": [
    kernel("outgoing.ts", '?.freeze === "done";', "?.freeze !== undefined;"),
  ],
  "a source goes on with any other table": [
    kernel("outgoing.ts", "before?.freeze ?? stopping", "before?.freeze === undefined ? stopping : stopping"),
  ],
  "a new primary of the source goes on where the last one may have stopped": [
    kernel("outgoing.ts", '(before === undefined ? "done" : "asked")', '(before === undefined ? "asked" : "asked")'),
  ],
  "a source deletes before the target has everything": [
    kernel("outgoing.ts", "(isPassing === true && from === seat)", '(isPassing === true && from === "")'),
  ],
  "nobody deletes what has gone, or was rolled back": [
    kernel("outgoing.ts", "owners.filter(({ owner }) => owner === seat)", "owners.filter(() => true)"),
  ],
  "what is deleted is not told to replicas": [
    model(
      "simulated-process.ts",
      "    for (const node of this.#seat?.nodes ?? []) {",
      '    if (entry.type === "drop") this.#setCopy({ ...this.copy, entries });\n    if (entry.type !== "drop") for (const node of this.#seat?.nodes ?? []) {',
    ),
  ],
  // The target.
  "a target serves before it has everything": [
    kernel("outgoing.ts", "passing.to === seat && hasAll(member, passing.id);", "passing.to === seat;"),
  ],
  "a write between snapshot and stream is missing": [
    model(
      "simulated-mover.ts",
      "source: { epoch: this.#epoch, offset }, snapshot",
      "source: { epoch: this.#epoch, offset: isLast ? this.#process.copy.entries.length + 1 : offset }, snapshot",
    ),
  ],
  "a key that changes after it was sent is not sent again": [
    model("simulated-mover.ts", "dirty.add(slot);", "dirty.delete(slot);"),
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
    kernel(
      "moves.ts",
      "cursorOf(table, move, peers)?.isFinal === true;",
      "cursorOf(table, move, peers)?.isWhole === true;",
    ),
  ],
  "a hand-over is taken back by an operator": [
    kernel(
      "ring-change.ts",
      "map.moves.filter(({ isPassing }) => isPassing) });",
      "map.moves.filter(({ id }) => id < 0) });",
    ),
    kernel("ring-change.ts", "return isPassing === true || spans", "return isPassing !== true && spans"),
  ],
  "a seat gives away what it is still getting": [
    kernel(
      "slot-map.ts",
      "(move.isPassing !== true || move.to !== from)",
      "(move.isPassing !== true || move.to !== to)",
    ),
  ],
  "a slot is in two moves": [
    kernel(
      "slot-map.ts",
      "moves.every((move) => move.from !== from && move.to !== to && (move.isPassing !== true || move.to !== from));",
      "moves.filter((move) => move.from === from && move.to === to).length < 2;",
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
  "a seat leaves while a target still needs it": [
    kernel("membership.ts", "from !== name && to !== name", "from !== to && to !== name"),
  ],
  "a goal is forgotten while its target is not served": [
    kernel(
      "moves.ts",
      "map.moves.length > 0 || differences(map.owners, map.goal).length > 0)",
      "map.moves.length > (differences([], []).length as number))",
    ),
  ],
} as const satisfies Readonly<Record<string, readonly Change[]>>;
