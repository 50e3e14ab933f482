import type { Change } from "../../../tools/simulation/planted-tree.ts";
import { kernel, model } from "./planted-change.ts";

/** A change of the rules of writes across seats. */
const across = (file: string, from: string, to: string): Change => ({
  file: `my_redis/src/cluster/seat-transaction/${file}`,
  from,
  to,
});

/** Mistakes about writes across seats, see mistakes.ts. */
export const spanningMistakes = {
  "a lock does not survive a failover": [
    across(
      "seat-book.ts",
      "if (prepared !== undefined) this.locks.take(id,",
      "if (prepared !== undefined && id === '') this.locks.take(id,",
    ),
  ],
  "a prepared write is not a part of the data": [
    model(
      "simulated-across.ts",
      'process.append({ type: "across", entry, writes });',
      'if (entry.type !== "prepared") process.append({ type: "across", entry, writes });',
    ),
  ],
  "a prepared write is not in a snapshot": [
    model(
      "data-copy.ts",
      'return { type: "snapshot", copy };',
      'return { type: "snapshot", copy: { ...copy, records: new Map() } };',
    ),
  ],
  "a promise counts before all copies have it": [
    kernel(
      "serving.ts",
      "nowMs < leaseUntilMs && offset <= serving.acknowledged;",
      "nowMs < leaseUntilMs && offset >= 0;",
    ),
  ],
  "a decision is not a part of the data": [
    model(
      "simulated-across.ts",
      'process.append({ type: "across", entry, writes });',
      'if (entry.type !== "decided") process.append({ type: "across", entry, writes });',
    ),
  ],
  "a decision is forgotten before all have carried it out": [
    across(
      "seat-participant.ts",
      "!missing.delete(seat)) return;\n          if (missing.size === 0 &&",
      "!missing.delete(seat)) return;\n          if (missing.size < participants.length &&",
    ),
    across(
      "seat-telling.ts",
      "missing.delete(seat) && missing.size === 0) this",
      "missing.delete(seat) && missing.size >= 0) this",
    ),
  ],
  "a home tells what its copies may not have": [
    across(
      "seat-participant.ts",
      "  #spread({ id, participants }: SeatRecord): void {\n    this.#host.whenKept((isKept) => {\n      if (!isKept) return;",
      "  #spread({ id, participants }: SeatRecord): void {\n    this.#host.schedule(0, () => {",
    ),
  ],
  "a home says that it gave up before its copies know": [
    across(
      "seat-participant.ts",
      '    this.#finish(record, "back");\n    this.#host.whenKept((isKept) => {\n      if (!isKept) return;',
      '    this.#finish(record, "back");\n    this.#host.schedule(0, () => {',
    ),
  ],
  "a participant gives up by itself": [
    across(
      "seat-participant.ts",
      'this.#host.ask({ type: "ask", seat: participants[0], id }, (answer) => {',
      "this.#end(id, 'back');\n    this.#host.ask({ type: \"ask\", seat: participants[0], id }, (answer) => {",
    ),
  ],
  "a home gives up what it has decided": [
    across(
      "seat-participant.ts",
      "else if (record.isDecided) this.#spread(record);\n      else this.#giveUp",
      "else this.#giveUp",
    ),
    across(
      "seat-book.ts",
      "  } else if (record?.isDecided === true) {",
      '  } else if (record?.isDecided === true && entry.outcome === "forward") {',
    ),
  ],
  "a participant asks before it is too late for a decision": [
    across(
      "seat-participant.ts",
      "if (nowMs - (sinceMs ?? nowMs) < this.#limits.silenceMs) continue;",
      "if (nowMs - (sinceMs ?? nowMs) < this.#limits.silenceMs / (record.participants[0] === seat ? 1 : 50)) continue;",
    ),
  ],
  "a coordinator counts on late preparations": [
    across(
      "seat-coordinator.ts",
      "nowMs - preparation.beganMs > this.#limits.prepareTimeoutMs",
      "nowMs - preparation.beganMs > 1e9",
    ),
    across(
      "seat-coordinator.ts",
      '    this.#host.schedule(this.#limits.prepareTimeoutMs, () => this.#giveUp(preparation, { type: "unreachable" }));\n',
      "",
    ),
    model(
      "simulated-across.ts",
      "queue.after(this.#world.writeLimits.prepareTimeoutMs, () =>",
      "queue.after(1e4, () =>",
    ),
  ],
  "a coordinator gives up after it has asked the home": [
    across(
      "seat-coordinator.ts",
      "    commitment.isRepeated = true;\n",
      "    for (const seat of commitment.participants) this.#host.ask({ type: 'end', seat, id: commitment.id, outcome: 'back' }, () => {});\n    commitment.isRepeated = true;\n",
    ),
  ],
  "a coordinator takes a late word for the first one": [
    across(
      "seat-coordinator.ts",
      "!commitment.isRepeated || this.#elapsedMs(commitment) < this.#limits.silenceMs / 2",
      "commitment.id !== ''",
    ),
  ],
  "the first part is carried out before the decision is safe": [
    across(
      "seat-participant.ts",
      'if (!record.isDecided) this.#host.log({ type: "decided", id, participants: record.participants });',
      "if (!record.isDecided) this.#host.log({ type: \"decided\", id, participants: record.participants });\n    this.#finish({ ...record, isDecided: true }, 'forward');",
    ),
  ],
  "a primary without a lease takes part": [
    model("simulated-across.ts", "process.nowMs() >= leaseUntilMs)", "(leaseUntilMs < 0 && process.nowMs() < 0))"),
    kernel(
      "serving.ts",
      "nowMs < leaseUntilMs && offset <= serving.acknowledged;",
      "(nowMs >= leaseUntilMs || offset <= serving.acknowledged);",
    ),
  ],
  "a slot moves with a lock": [
    across(
      "seat-book.ts",
      "return [...this.records.values()].every(",
      "return [...this.records.values()].slice(0, 0).every(",
    ),
  ],
  "a primary that takes over ends a move with a lock": [
    model(
      "simulated-mover.ts",
      "hasStopped(member, move.id) && this.#process.mayStop(move)",
      "hasStopped(member, move.id)",
    ),
  ],
  "what was prepared is left out once its slot passes": [
    kernel("outgoing.ts", " || passingOf(map, slot)?.from === seat;", ";"),
  ],
  "a slot that has not come as a whole is prepared": [
    kernel("outgoing.ts", 'if (!mayCarryOut(member, slot)) return "busy";', ""),
  ],
  "a seat that does not own the slot prepares": [
    kernel("outgoing.ts", 'if (ownerOf(map, slot) !== seat.name) return "elsewhere";', ""),
    kernel("outgoing.ts", 'if (!mayCarryOut(member, slot)) return "busy";', ""),
    model("simulated-across.ts", "filter(({ key }) => mayEnd(process.member, slotOf(key)))", "slice()"),
  ],
  "a seat that joins again has its former open writes": [
    model("simulated-across.ts", "if (!hasSlots(member)) this.#forgetAll();", ""),
  ],
  "a seat leaves with its decisions": [
    across("seat-book.ts", "if (isLast && this.records.size > 0) return false;", ""),
  ],
} as const satisfies Readonly<Record<string, readonly Change[]>>;
