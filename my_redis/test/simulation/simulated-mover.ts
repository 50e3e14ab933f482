import { nothingLeft } from "../../src/cluster/agreement/given-up.ts";
import { arrivedOf, hasAll, movesTo } from "../../src/cluster/agreement/incoming.ts";
import type { Cursor, MoveChunk } from "../../src/cluster/agreement/move-message.ts";
import { type Asking, isExpected, nextChunk } from "../../src/cluster/agreement/move-stream.ts";
import { hasStopped, heldBy } from "../../src/cluster/agreement/outgoing.ts";
import type { Member, RingEvent } from "../../src/cluster/agreement/ring-member.ts";
import { seatOf } from "../../src/cluster/agreement/ring-table.ts";
import { isReady } from "../../src/cluster/agreement/serving.ts";
import { hasSlot, type Move } from "../../src/cluster/agreement/slot-map.ts";
import { type DataCopy, type Entry, type Load, type MoveMessage, positionOf, writesOf } from "./data-copy.ts";

/** What a mover sees of its process. */
interface MovingProcess {
  readonly member: Member;
  readonly copy: DataCopy;
  take(event: RingEvent): void;
  append(entry: Entry): void;
  sendData(to: string, message: MoveMessage): void;
  /** Whether nothing is locked that goes with this move. */
  mayStop(move: Move): boolean;
}

/** A walk through the slots of a move while clients write, as in cluster/moving/outgoing-copy.ts. */
interface Copy {
  readonly number: number;
  readonly slots: readonly number[];
  readonly parts: Part[];
  /** Slots that were written to since they were sent. */
  readonly dirty: Set<number>;
}

interface Part {
  readonly slots: Load["slots"];
  /** The target has everything then, up to this offset. */
  readonly isLast: boolean;
  readonly offset: number;
}

const nothing: Load = { slots: [], writes: [] };
/** A source keeps this many of its newest writes for targets: so few that some begin anew. */
const backlog = 3;

/** Moves slots between the seat of a primary and others: as their source, and as their target. */
export class SimulatedMover {
  readonly #process: MovingProcess;
  /** All below is about this epoch of the process. */
  #epoch = 0;
  readonly #asking = new Map<number, Asking>();
  readonly #newest = new Map<number, Cursor>();
  readonly #copies = new Map<number, Copy>();
  #lastNumber = 0;

  constructor(process: MovingProcess) {
    this.#process = process;
  }

  /** Asks the sources of all moves that come to this seat. */
  ask(): void {
    if (this.#isServing()) for (const move of movesTo(this.#process.member)) this.#ask(move);
  }

  receive(from: string, message: MoveMessage): void {
    if (!this.#isServing()) return;
    if (message.type === "ask") this.#answer(from, message);
    else this.#onChunk(message);
  }

  /** A step of this primary's data. */
  changed(entry: Entry): void {
    for (const [slot] of writesOf(entry)) {
      for (const { dirty, parts, slots } of this.#copies.values()) {
        if (parts.at(-1)?.isLast !== true && slots.includes(slot)) dirty.add(slot);
      }
    }
  }

  /** Deletes what does not belong to this seat. */
  dropStrays(): void {
    const { member, copy } = this.#process;
    if (!this.#isServing()) return;
    const table = member.committed!;
    const seat = seatOf(table, member.self)!;
    if (table.slots === undefined) return;
    const held = heldBy(table.slots, seat.name);
    const strays = [...copy.slots.keys()].filter((slot) => !hasSlot(held, slot));
    if (strays.length > 0) this.#process.append({ type: "drop", slots: strays });
  }

  #isServing(): boolean {
    const { member } = this.#process;
    if (member.serving === undefined || !isReady(member)) return false;
    if (this.#epoch === member.serving.epoch) return true;
    this.#epoch = member.serving.epoch;
    for (const map of [this.#asking, this.#newest, this.#copies]) map.clear();
    return true;
  }

  #ask({ id, attempt, from }: Move): void {
    const { member, copy } = this.#process;
    const number = ++this.#lastNumber;
    this.#asking.set(id, { number, attempt, isAnswered: false });
    const has = this.#newest.get(id) ?? copy.cursors.get(id);
    // A primary that has taken over, or has been started again, finds in its data that nothing comes any more.
    if (has?.isFinal) return hasAll(member, id) ? undefined : this.#tell(has);
    const ask = { move: id, attempt, number, has, acknowledged: arrivedOf(member.serving!, id) };
    const source = member.committed!.seats.find(({ name }) => name === from)!;
    if (source.isGivenUp) return this.#onChunk({ type: "chunk", chunk: nothingLeft(ask), load: nothing });
    this.#process.sendData(source.primary.node, { type: "ask", run: member.durable.run, ask });
  }

  #answer(from: string, { run, ask }: Extract<MoveMessage, { type: "ask" }>): void {
    this.#process.take({ type: "asked", run, ask });
    const { member, copy } = this.#process;
    const move = this.#outgoing(ask.move);
    if (move?.attempt !== ask.attempt) return;
    const position = positionOf(copy);
    const last = this.#copies.get(move.id);
    const snapshot = last === undefined ? undefined : { number: last.number, parts: Number.POSITIVE_INFINITY };
    const writesFrom = Math.max(0, position.offset - backlog);
    const next = nextChunk(ask, { position, snapshot, writesFrom });
    const chunk = { move: move.id, attempt: move.attempt, number: ask.number };
    const send = (rest: Pick<MoveChunk, "isStart" | "cursor">, load: Load): void =>
      this.#process.sendData(from, { type: "chunk", chunk: { ...chunk, ...rest }, load });
    switch (next.type) {
      case "snapshot":
        this.#begin(move);
        return send({ isStart: true, cursor: this.#cursorAt(move, 1) }, this.#part(move, 0));
      case "part":
        return send({ isStart: false, cursor: this.#cursorAt(move, next.part + 1) }, this.#part(move, next.part));
      case "writes": {
        const writes = copy.entries
          .slice(next.from)
          .flatMap((entry) => writesOf(entry).filter(([slot]) => hasSlot(move.spans, slot)));
        const hasEnded = hasStopped(member, move.id) && this.#process.mayStop(move);
        const end = hasEnded ? ({ isFinal: true } as const) : {};
        return send({ isStart: false, cursor: { ...ask.has!, source: position, ...end } }, { ...nothing, writes });
      }
    }
  }

  #outgoing(id: number): Move | undefined {
    const { committed, self } = this.#process.member;
    const seat = seatOf(committed!, self)!.name;
    return committed!.slots?.moves.find((move) => move.id === id && move.from === seat);
  }

  #begin({ id, spans }: Move): void {
    const slots = spans.flatMap(({ start, end }) => Array.from({ length: end - start + 1 }, (_, at) => start + at));
    this.#copies.set(id, { number: ++this.#lastNumber, slots, parts: [], dirty: new Set() });
  }

  /** The next slot as it is now, or all that have changed since they were sent. A part is not made anew. */
  #partOf({ id }: Move, part: number): Part {
    const { copy } = this.#process;
    const { dirty, parts, slots } = this.#copies.get(id)!;
    const known = parts[part];
    if (known !== undefined) return known;
    const sent = part < slots.length ? [slots[part]!] : [...dirty];
    for (const slot of sent) dirty.delete(slot);
    const isLast = part + 1 >= slots.length && dirty.size === 0;
    const loaded = sent.map((slot): Load["slots"][number] => [slot, copy.slots.get(slot) ?? []]);
    const made = { slots: loaded, isLast, offset: copy.entries.length };
    parts.push(made);
    return made;
  }

  #part(move: Move, part: number): Load {
    return { ...nothing, slots: this.#partOf(move, part).slots };
  }

  #cursorAt(move: Move, parts: number): Cursor {
    const { number } = this.#copies.get(move.id)!;
    const { isLast, offset } = this.#partOf(move, parts - 1);
    return { move: move.id, source: { epoch: this.#epoch, offset }, snapshot: number, parts, isWhole: isLast };
  }

  #onChunk({ chunk, load }: Extract<MoveMessage, { type: "chunk" }>): void {
    const move = movesTo(this.#process.member).find(
      ({ id, attempt }) => id === chunk.move && attempt === chunk.attempt,
    );
    const asking = this.#asking.get(chunk.move);
    if (move === undefined || asking === undefined || !isExpected(asking, chunk)) return;
    this.#asking.set(move.id, { ...asking, isAnswered: true });
    const { cursor, isStart } = chunk;
    const hasLoad = load.slots.length + load.writes.length > 0;
    const dropped = isStart ? [...this.#process.copy.slots.keys()].filter((slot) => hasSlot(move.spans, slot)) : [];
    // What has nothing to load need not be kept, but for the end: no later copy could know of it.
    if (hasLoad || cursor.isFinal || dropped.length > 0)
      this.#process.append({ type: "incoming", cursor, dropped, load });
    this.#newest.set(move.id, cursor);
    this.#tell(cursor);
    if (hasLoad && this.#isServing()) {
      const present = movesTo(this.#process.member).find(({ id }) => id === move.id);
      if (present !== undefined) this.#ask(present);
    }
  }

  #tell(cursor: Cursor): void {
    this.#process.take({ type: "incoming", incoming: { cursor, offset: this.#process.copy.entries.length } });
  }
}
