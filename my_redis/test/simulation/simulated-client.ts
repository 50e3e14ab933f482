import { ownerOf } from "../../src/cluster/agreement/slot-map.ts";
import type { Seat } from "../../src/cluster/agreement/ring-table.ts";
import type { Write } from "./data-copy.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

const answerWithinMs = 300;

/** A client that reads and writes, one request at a time. It asks the primary that it knows of, or anybody. */
export class SimulatedClient {
  readonly #world: SimulatedWorld;
  readonly #name: string;
  readonly #newWrite: () => Write;
  /** When a write of each slot was answered last. */
  readonly writtenAtMs = new Map<number, number>();

  constructor(world: SimulatedWorld, name: string, newWrite: () => Write) {
    this.#world = world;
    this.#name = name;
    this.#newWrite = newWrite;
  }

  run(): void {
    const { chance, queue, mode } = this.#world;
    queue.after(chance.between(1, mode.movesSlots ? 15 : 40), () => this.#ask());
  }

  #ask(): void {
    const { chance, queue, network } = this.#world;
    const { slot, seat } = this.#place();
    const node = chance.happens(0.7) ? seat.primary.node : chance.pick(seat.nodes);
    const write = chance.happens(0.6) ? this.#newWrite() : undefined;
    let isOver = false;
    const end = (outcome: "done" | "refused" | "unknown"): void => {
      if (isOver) return;
      isOver = true;
      if (outcome === "done" && write !== undefined) this.writtenAtMs.set(slot, queue.nowMs);
      this.run();
    };
    queue.after(answerWithinMs, () => end("unknown"));
    const answer = (outcome: "done" | "refused"): void => network.send(node, this.#name, () => end(outcome));
    network.send(this.#name, node, () => this.#world.node(node).receiveRequest({ slot, write, answer }));
  }

  /** Where slots do not move, each seat has one of its own. Otherwise those that move are asked for most. */
  #place(): { slot: number; seat: Seat } {
    const { chance, witness } = this.#world;
    const { seats, slots: map } = witness.newest;
    if (map === undefined) {
      const seat = chance.pick(seats);
      return { slot: seats.indexOf(seat), seat };
    }
    const spans = map.moves.length > 0 && chance.happens(0.6) ? chance.pick(map.moves).spans : map.owners;
    const span = chance.pick(spans);
    const slot = chance.between(span.start, span.end);
    const owner = ownerOf(map, slot);
    const move = map.moves.find(({ spans }) => spans.some(({ start, end }) => start <= slot && slot <= end));
    const other = move?.isPassing ? move.from : move?.to;
    const name = other !== undefined && chance.happens(0.3) ? other : owner;
    return { slot, seat: seats.find((seat) => seat.name === name)! };
  }
}
