import { isHanding } from "../../src/cluster/agreement/handing.ts";
import type { RingEffect, RingEvent, Member } from "../../src/cluster/agreement/ring-member.ts";
import { isReady, mayAnswer } from "../../src/cluster/agreement/serving.ts";
import { startMember, step, wakeAt } from "../../src/cluster/agreement/step.ts";
import { mayCarryOut } from "../../src/cluster/agreement/outgoing.ts";
import { type Seat, seatOf } from "../../src/cluster/agreement/ring-table.ts";
import type { Move } from "../../src/cluster/agreement/slot-map.ts";
import {
  after,
  answerFetch,
  type DataCopy,
  type DataMessage,
  type Entry,
  noData,
  positionOf,
  received,
  type Write,
  writesIn,
} from "./data-copy.ts";
import type { Position } from "../../src/cluster/agreement/position.ts";
import type { SeatAnswer, SeatRequest } from "../../src/cluster/seat-transaction/seat-message.ts";
import { SimulatedAcross } from "./simulated-across.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedMover } from "./simulated-mover.ts";
import type { ClientRequest, RingNode, RingProcess, SimulatedWorld, WriteAcross } from "./simulated-world.ts";

/** A request that was carried out, and is not answered yet. */
interface Unanswered {
  readonly request: ClientRequest;
  readonly epoch: number;
  /** How many writes the seat had with it. */
  readonly offset: number;
  readonly seen: readonly Write[];
  /** The writes that had been acknowledged when the request was carried out. */
  readonly expected: readonly Write[];
  readonly expectedAcross: number;
}

const fetchEveryMs = 40;

/** One run of a node: the agreement, the data in memory, and the requests of clients. A crash ends all of it. */
export class SimulatedProcess implements RingProcess {
  readonly clock: SimulatedClock;
  member: Member;
  copy: DataCopy;
  readonly #world: SimulatedWorld;
  readonly #node: RingNode;
  readonly #mover: SimulatedMover;
  readonly #across: SimulatedAcross;
  #follows: { readonly epoch: number; readonly primary: string } | undefined;
  #unanswered: Unanswered[] = [];
  #wakesAtMs = Number.POSITIVE_INFINITY;

  constructor(world: SimulatedWorld, node: RingNode) {
    this.#world = world;
    this.#node = node;
    this.clock = new SimulatedClock(world.queue, world.chance);
    this.copy = node.data.content;
    const { timing } = world;
    const start = { self: node.name, timing, durable: node.agreement.content, position: positionOf(this.copy) };
    this.member = startMember(start, this.#moment());
    this.#mover = new SimulatedMover(this);
    this.#across = new SimulatedAcross(world, this);
  }

  start(): void {
    this.#wakeLater();
    this.#fetchLater();
  }

  take(event: RingEvent): void {
    const { witness } = this.#world;
    const { member, effects } = step(this.member, event, this.#moment());
    const isNewLeader = member.role.type === "leader" && this.member.role.type !== "leader";
    this.member = member;
    if (isNewLeader) witness.onLeader(this.#node.name, member.durable.term);
    for (const effect of effects) this.#carryOut(effect);
    this.#wakeLater();
    this.#answer();
    this.#across.look();
  }

  #carryOut(effect: RingEffect): void {
    const { network, witness, note } = this.#world;
    const { name } = this.#node;
    switch (effect.type) {
      case "send": {
        const { to, message } = effect;
        if (message.type === "vote") witness.onVote(name, to, message.term);
        if (message.type === "candidacy") witness.onVote(name, name, message.term);
        note(() => `${name} sends ${to} ${JSON.stringify(message)}`);
        return network.send(name, to, () =>
          this.#world.node(to).inProcess((process) => process.take({ type: "message", from: name, message })),
        );
      }
      case "persist":
        if (this.member.role.type === "leader") for (const notice of this.#world.proposals) notice(this.#node);
        return this.#node.agreement.write(effect.durable, () =>
          this.whileAlive(() => this.take({ type: "kept", write: effect.write })),
        );
      case "table":
        note(() => `${name} learns ${JSON.stringify(effect.table)}`);
        if (seatOf(effect.table, name) === undefined) this.#follows = undefined;
        if (this.#world.mode.movesSlots) this.#move();
        return witness.onCommitted(effect.table);
      case "serve":
        note(() => `${name} serves, epoch ${effect.epoch}`);
        this.#follows = undefined;
        this.#setCopy({ ...this.copy, epoch: effect.epoch });
        this.#across.serve();
        return witness.onServing(this.#node);
      case "follow":
        note(() => `${name} follows ${effect.primary}, epoch ${effect.epoch}`);
        this.#follows = effect;
        this.#across.follow();
        return this.#fetch();
      case "lease":
        return witness.onServing(this.#node);
      case "freeze":
        return this.#freeze(effect);
      case "changed":
        return note(() => `${name} answers an operator ${JSON.stringify(effect.outcome)}`);
    }
  }

  /** Requests for the slots of a move have ended a moment after the member has asked for it. */
  #freeze(effect: Extract<RingEffect, { type: "freeze" }>): void {
    for (const notice of this.#world.freezes) notice(this.#node, effect.move);
    this.#freezeSoon(effect);
  }

  #freezeSoon(effect: Extract<RingEffect, { type: "freeze" }>): void {
    const { queue, chance, note } = this.#world;
    const { move } = effect;
    queue.after(chance.next() * 3, () =>
      this.whileAlive(() => {
        const isLocked = this.member.committed?.slots?.moves.some((each) => each.id === move && !this.mayStop(each));
        if (isLocked === true) return this.#freezeLater(effect);
        note(() => `${this.#node.name} freezes move ${move}`);
        this.take({ type: "frozen", move });
      }),
    );
  }

  mayStop(move: Move): boolean {
    return this.#across.mayStop(move);
  }

  #freezeLater(effect: Extract<RingEffect, { type: "freeze" }>): void {
    const isAsked = this.member.serving?.outgoing.get(effect.move)?.freeze === "asked";
    if (isAsked) this.#world.queue.after(2, () => this.whileAlive(() => this.#freezeSoon(effect)));
  }

  /** The place of a move has changed: asks for what comes, and deletes what has gone, a little later. */
  #move(): void {
    const { queue, chance } = this.#world;
    queue.after(chance.next(), () => this.whileAlive(() => this.#mover.ask()));
    queue.after(chance.next() * 60, () => this.whileAlive(() => this.#mover.dropStrays()));
  }

  onData(from: string, message: DataMessage): void {
    if (message.type === "fetch") return this.#onFetch(from, message);
    if (message.type === "ask" || message.type === "chunk") return this.#mover.receive(from, message);
    if (this.#follows === undefined || this.member.serving !== undefined) return;
    const copy = received(this.copy, message, this.#follows.epoch);
    if (copy !== this.copy) this.#setCopy(copy);
  }

  #onFetch(from: string, { run, has, kept }: Extract<DataMessage, { type: "fetch" }>): void {
    if (!isReady(this.member)) return;
    this.take({ type: "replicated", node: from, run, position: kept });
    const answer = answerFetch(this.copy, has);
    if (answer.type !== "writes" || answer.writes.length > 0) this.sendData(from, answer);
  }

  onRequest(request: ClientRequest): void {
    const { serving } = this.member;
    const mayServe = serving !== undefined && isReady(this.member) && !isHanding(this.member);
    // A request for a locked slot would wait.
    const isServed = this.#serves(request.slot) && !this.#across.isLocked(request.slot);
    if (!mayServe || !isServed) return request.answer("refused");
    const { epoch } = serving;
    const { slot, write } = request;
    const { witness } = this.#world;
    witness.onCarriedOut(this.#node, slot);
    const expected = witness.acknowledgedOf(slot);
    const expectedAcross = witness.acrossOf(slot);
    const before = writesIn(this.copy, slot);
    const seen = write === undefined ? before : [...before, write];
    const offset = this.copy.entries.length + (write === undefined ? 0 : 1);
    // An answer is released at the end of a turn. The process may be paused before that.
    this.#world.queue.after(this.#world.chance.next(), () =>
      this.whileAlive(() => this.#endTurn({ request, epoch, offset, seen, expected, expectedAcross })),
    );
    if (write !== undefined) this.append({ type: "write", slot, write });
  }

  onAcross(request: SeatRequest, answer: (answer: SeatAnswer) => void): void {
    this.#across.serveRequest(request, answer);
  }

  beginAcross(write: WriteAcross): void {
    this.#across.begin(write);
  }

  get name(): string {
    return this.#node.name;
  }

  nowMs(): number {
    return this.clock.nowMs();
  }

  /** Where slots are not agreed on, each seat has the slot of its own place. */
  #serves(slot: number): boolean {
    const { committed } = this.member;
    if (committed?.slots !== undefined) return mayCarryOut(this.member, slot);
    return committed?.seats.indexOf(this.#seat!) === slot;
  }

  get #seat(): Seat | undefined {
    return this.member.committed === undefined ? undefined : seatOf(this.member.committed, this.#node.name);
  }

  /** A step of this primary goes to its replicas. */
  append(entry: Entry): void {
    const { epoch, entries } = this.copy;
    this.#setCopy(after(this.copy, [entry]));
    this.#mover.changed(entry);
    for (const node of this.#seat?.nodes ?? []) {
      if (node !== this.#node.name)
        this.sendData(node, { type: "writes", epoch, from: entries.length, writes: [entry] });
    }
  }

  #endTurn(unanswered: Unanswered): void {
    this.#unanswered.push(unanswered);
    this.#answer();
  }

  /** A lease is compared right before an answer goes out, and not when its request arrives. */
  #answer(): void {
    if (this.#unanswered.length === 0) return;
    const nowMs = this.clock.nowMs();
    const { name } = this.#node;
    this.#unanswered = this.#unanswered.filter((unanswered) => {
      const { request, epoch, offset, seen, expected, expectedAcross } = unanswered;
      // Whether the write will be kept is not known.
      if (this.member.serving?.epoch !== epoch) return false;
      if (!mayAnswer(this.member, { epoch, offset }, nowMs)) return true;
      this.#world.note(() => `${name} answers ${request.write === undefined ? "a read" : `write ${request.write}`}`);
      const { slot } = request;
      this.#world.witness.onAnswer({ seat: this.#seat!.name, slot, epoch, seen, expected, expectedAcross });
      request.answer("done");
      return false;
    });
  }

  #setCopy(copy: DataCopy): void {
    this.copy = copy;
    const { mode } = this.#world;
    const kept = (): void => this.whileAlive(() => this.#onKept(copy));
    this.#node.data.write(copy, mode.keepsBeforeAnswering ? kept : () => {});
    if (!mode.keepsBeforeAnswering) return this.#onKept(copy);
    this.#tellPosition(this.member.keptPosition);
  }

  #tellPosition(kept: Position): void {
    const { isFull } = this.#node.data;
    this.take({ type: "position", position: positionOf(this.copy), kept, diskFails: isFull });
  }

  #onKept(copy: DataCopy): void {
    this.#tellPosition(positionOf(copy));
    if (this.#follows !== undefined) this.#fetch();
  }

  #fetchLater(): void {
    this.#world.queue.after(fetchEveryMs, () => {
      if (this.#node.process !== this) return;
      const { isPaused, data } = this.#node;
      if (!isPaused && data.isFull !== this.member.diskFails) this.#tellPosition(this.member.keptPosition);
      if (!isPaused) this.#fetch();
      if (!this.#node.isPaused && this.#world.mode.movesSlots) {
        this.#mover.ask();
        this.#mover.dropStrays();
      }
      this.#fetchLater();
    });
  }

  #fetch(): void {
    if (this.#follows === undefined) return;
    const { diskFails, durable } = this.member;
    // Whoever has a full disk says nothing of what it has.
    const keptPosition = diskFails ? positionOf(noData) : this.member.keptPosition;
    const message = { type: "fetch", run: durable.run, has: positionOf(this.copy), kept: keptPosition } as const;
    this.sendData(this.#follows.primary, message);
  }

  sendData(to: string, message: DataMessage): void {
    const { name } = this.#node;
    this.#world.note(() => `${name} sends ${to} ${JSON.stringify(message)}`);
    this.#world.network.send(name, to, () => this.#world.node(to).receiveData(name, message));
  }

  #wakeLater(): void {
    const wakesAtMs = Math.max(this.#world.queue.nowMs, this.clock.trueMs(wakeAt(this.member)) + 0.01);
    if (wakesAtMs >= this.#wakesAtMs || wakesAtMs === Number.POSITIVE_INFINITY) return;
    this.#wakesAtMs = wakesAtMs;
    this.#world.queue.after(wakesAtMs - this.#world.queue.nowMs, () => {
      if (this.#wakesAtMs !== wakesAtMs) return;
      this.#wakesAtMs = Number.POSITIVE_INFINITY;
      this.whileAlive(() => this.take({ type: "woken" }));
    });
  }

  /** Runs something in this process, unless it has ended, and once it is not paused. */
  whileAlive(run: () => void): void {
    if (this.#node.process === this) this.#node.inProcess(run);
  }

  #moment(): { nowMs: number; chance: number } {
    return { nowMs: this.clock.nowMs(), chance: this.#world.chance.next() };
  }
}
