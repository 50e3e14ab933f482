import type { Services } from "../../dispatch/context.ts";
import type { Turn } from "../../network/turn.ts";
import { movesTo } from "../agreement/incoming.ts";
import { mayHold, takesAll } from "../agreement/outgoing.ts";
import type { Position } from "../agreement/position.ts";
import type { Member, RingEvent } from "../agreement/ring-member.ts";
import { type RingTable, seatOf } from "../agreement/ring-table.ts";
import { isReady } from "../agreement/serving.ts";
import { hasSlot, type Move } from "../agreement/slot-map.ts";
import { hashSlot } from "../hash-slot.ts";
import type { Members } from "../members.ts";
import { type PeerChannel, type PeerRequest, peerRequestKinds } from "../peer-channel.ts";
import { routeErrors } from "../routing/route-errors.ts";
import { EffectTap } from "./effect-tap.ts";
import { decodeQuestion, noAnswer } from "./move-codec.ts";
import type { OpenWrites } from "../seat-transaction/open-writes.ts";
import type { MoveCursors } from "./move-cursors.ts";
import { MoveSource } from "./move-source.ts";
import { MoveTarget } from "./move-target.ts";
import { flagsOf, noSlots, type SlotFlags } from "./slot-flags.ts";
import { SlotSweeper } from "./slot-sweeper.ts";

export interface SlotMoverOptions {
  readonly server: Services;
  readonly turn: Turn;
  readonly channel: PeerChannel;
  readonly members: Members;
  readonly cursors: MoveCursors;
  readonly writes: OpenWrites;
  readonly member: () => Member;
  readonly take: (event: RingEvent) => void;
  readonly position: () => Position;
  /** Requests that have waited may run now, or belong to another node. */
  readonly release: () => void;
}

/** While slots move, this node looks so often for what there is to do. */
const tickMs = 5;

/**
 * Moves slots between this node's seat and others: as a source, as a target, and as the one that removes what its seat
 * neither owns nor gets. The agreement decides what moves and when; see docs/decisions/0079 and 0083.
 */
export class SlotMover {
  readonly source: MoveSource;
  readonly target: MoveTarget;
  readonly sweeper: SlotSweeper;
  readonly #options: SlotMoverOptions;
  readonly #tap: EffectTap;
  /** The epoch in which this node serves its seat, as far as the parts here know. */
  #epoch = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Slots of moves anywhere in the ring. */
  #moving: SlotFlags | undefined;
  /** Slots that come to this seat. */
  #awaited: SlotFlags | undefined;
  /** Slots that go to another seat, while this node is the primary. */
  #leaving: SlotFlags | undefined;
  /** Slots of this seat for which no request is carried out at present. */
  #stopped: SlotFlags | undefined;
  #owned = noSlots();
  readonly #toStop = new Map<number, number>();

  constructor(options: SlotMoverOptions) {
    const { channel, cursors, member, position, server, take, turn } = options;
    this.#options = options;
    this.source = new MoveSource({ server, member, position });
    this.target = new MoveTarget({
      ...{ server, cursors, member, take, position },
      ask: (seat, question, answered) => this.#ask(seat, question, answered),
      isEmpty: this.isEmptyFor,
      contentChanged: ({ spans }) => {
        this.sweeper.filled(flagsOf(spans));
        this.#sweep();
      },
    });
    this.sweeper = new SlotSweeper({ server, turn, mayChange: () => this.#isServing(), done: () => this.#swept() });
    this.#tap = new EffectTap(server, (effect) => this.source.changed(effect));
    // When a script has run for long, there may be no other moment before the next one.
    turn.onEnd(() => this.#stopAtRest());
    channel.onRequest(peerRequestKinds.moveSlots, (request) => this.#answer(request));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.sweeper.stop();
  }

  // --- what requests have to know ---

  /** Whether requests for this slot wait; for -1, whether those that concern any slot do. */
  isStopped(slot: number): boolean {
    return this.#stopped !== undefined && (slot < 0 || this.#stopped[slot] === 1);
  }

  /** Whether this slot comes to this seat, and will perhaps be its own in a moment. */
  isAwaited(slot: number): boolean {
    return this.#awaited?.[slot] === 1;
  }

  /** Whether this slot is about to get another owner, as far as this node knows. */
  isMoving(slot: number): boolean {
    return this.#moving?.[slot] === 1;
  }

  // --- what the agreement says ---

  /** A newer table is committed. */
  onTable(table: RingTable): void {
    const { cursors, member } = this.#options;
    const moves = table.slots?.moves ?? [];
    const isUnderWay = (id: number): boolean => moves.some((move) => move.id === id);
    cursors.keepOnly(isUnderWay);
    this.source.keepOnly(isUnderWay);
    this.target.keepOnly(isUnderWay);
    for (const id of this.#toStop.keys()) if (!isUnderWay(id)) this.#toStop.delete(id);
    const seat = seatOf(table, member().self);
    this.#moving = slotsOfMoves(moves);
    this.#awaited = slotsOfMoves(moves.filter(({ to }) => to === seat?.name));
    this.#leaving = slotsOfMoves(moves.filter(({ from }) => from === seat?.name && member().serving !== undefined));
    const owned = this.#owned;
    this.#owned = flagsOf(table.slots?.owners.filter(({ owner }) => owner === seat?.name) ?? []);
    if (this.#owned.some((isOwned, slot) => isOwned < (owned[slot] as number))) this.#lost(owned);
    this.#updateStopped(table);
    this.#isServing();
    this.#sweep();
    const takesPart = moves.some(({ from, to }) => from === seat?.name || to === seat?.name);
    this.#tickWhile(takesPart && member().serving !== undefined);
    this.#options.release();
  }

  /** Slots have gone: what clients wait for or watch there will not come here any more. */
  #lost(before: SlotFlags): void {
    const { members, server } = this.#options;
    const lostSlot = (key: string): number => {
      const bytes = Buffer.from(key, "latin1");
      const slot = hashSlot(bytes, 0, bytes.length);
      return before[slot] === 1 && this.#owned[slot] === 0 ? slot : -1;
    };
    server.watched.breakWhere((key) => lostSlot(key) >= 0);
    server.pubSub.endShards((name) => lostSlot(name) >= 0);
    server.blocking.refuse(({ keys }) => {
      const slot = Math.max(-1, ...keys.map(lostSlot));
      return slot < 0 ? undefined : routeErrors.moved(slot, members.names[members.owners[slot] as number] as string);
    });
  }

  /** Requests for the slots of a move are to stop, once nothing is half done. */
  onFreeze(move: number, attempt: number): void {
    this.#toStop.set(move, attempt);
    this.#options.turn.finish();
  }

  #stopAtRest(): void {
    const { member, position, server, take } = this.#options;
    if (this.#toStop.size === 0 || !server.execution.isAtRest) return;
    for (const [move, attempt] of this.#toStop) {
      if (!this.#mayStop(move)) continue;
      this.#toStop.delete(move);
      this.source.copyOf(move)?.stopped();
      take({ type: "frozen", move, attempt, offset: position().offset });
    }
    const { committed } = member();
    if (committed !== undefined) this.#updateStopped(committed);
  }

  /** A write across seats that has locked one of the keys ends first: locks do not move. */
  #mayStop(id: number): boolean {
    const { member, writes } = this.#options;
    const { committed } = member();
    const move = committed?.slots?.moves.find((each) => each.id === id);
    if (committed === undefined || move === undefined) return true;
    const isGoing = (key: Uint8Array): boolean => hasSlot(move.spans, hashSlot(key, 0, key.length));
    return writes.book.mayStop(isGoing, takesAll(committed, move));
  }

  #updateStopped(table: RingTable): void {
    const outgoing = this.#options.member().serving?.outgoing;
    const isStopped = ({ id }: Move): boolean => typeof outgoing?.get(id)?.freeze === "object";
    this.#stopped = slotsOfMoves(table.slots?.moves.filter(isStopped) ?? []);
  }

  /** Whether this node may change the data of its seat. What it has begun in an earlier epoch is forgotten. */
  #isServing(): boolean {
    const member = this.#options.member();
    if (member.serving === undefined) return false;
    if (this.#epoch !== member.serving.epoch) {
      this.#epoch = member.serving.epoch;
      this.source.forget();
      this.target.forget();
      this.sweeper.forget();
    }
    return isReady(member);
  }

  // --- copying ---

  #tickWhile(isNeeded: boolean): void {
    const { changes } = this.#options.server;
    changes.alsoTo(isNeeded ? this.#tap : undefined);
    if (!isNeeded) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer ??= setInterval(() => this.#options.turn.run(() => this.#tick()), tickMs);
    this.#timer.unref();
  }

  #tick(): void {
    if (!this.#isServing()) return;
    this.target.ask();
  }

  #ask(seat: string, question: Uint8Array, answered: (answer: Uint8Array | undefined) => void): void {
    const { channel, member, members, turn } = this.#options;
    const source = member().committed?.seats.find(({ name }) => name === seat);
    const node = members.names.indexOf(source?.primary.node ?? "");
    if (node < 0 || node === members.self) return answered(undefined);
    channel.request(node, peerRequestKinds.moveSlots, question, (answer) =>
      turn.run(() => {
        answered(answer);
        if (this.#isServing()) this.target.ask();
      }),
    );
  }

  #answer(request: PeerRequest): void {
    const question = decodeQuestion(request.payload);
    if (question === undefined || !this.#isServing()) return request.answer(noAnswer);
    const { member, take } = this.#options;
    const { ask, run } = question;
    take({ type: "asked", run, ask });
    const { committed, self } = member();
    const seat = seatOf(committed!, self)?.name;
    const isAsked = ({ id, from, attempt }: Move): boolean =>
      id === ask.move && from === seat && attempt === ask.attempt;
    const move = committed?.slots?.moves.find(isAsked);
    request.answer(move === undefined ? noAnswer : this.source.answer(move, ask));
  }

  // --- what does not belong here ---

  /** Whether nothing is here of the slots of a move. */
  readonly isEmptyFor = ({ spans }: Move): boolean =>
    spans.every(({ start, end }) => {
      for (let slot = start; slot <= end; slot++) if (!this.sweeper.isEmpty(slot)) return false;
      return true;
    });

  /** Removes what the seat neither owns nor gets, and what is there of a move that has to begin anew. */
  #sweep(): void {
    const { committed, self, serving } = this.#options.member();
    const seat = committed === undefined ? undefined : seatOf(committed, self);
    if (committed?.slots === undefined || seat === undefined || serving === undefined) {
      this.sweeper.stop();
      return this.#show();
    }
    const doomed = noSlots();
    for (const slot of doomed.keys()) doomed[slot] = mayHold(committed, seat.name, slot) ? 0 : 1;
    for (const { id, spans } of movesTo(this.#options.member())) {
      if (this.target.hasBegun(id)) continue;
      for (const { start, end } of spans) doomed.fill(1, start, end + 1);
    }
    this.sweeper.empty(doomed);
    this.#show();
  }

  #swept(): void {
    this.#show();
    if (this.#isServing()) this.target.ask();
  }

  /** Keys of other seats' slots are not shown, while there may be any. */
  #show(): void {
    const { member, server } = this.#options;
    const mayBeThere = this.#awaited !== undefined || this.sweeper.isRunning;
    const isHiding = member().serving !== undefined && mayBeThere;
    server.keyspace.isHidden = isHiding ? this.#isHidden : undefined;
    server.keyspace.isLeaving = this.#leaving === undefined ? undefined : this.#isLeaving;
  }

  readonly #isHidden = (key: Uint8Array, start: number, end: number): boolean =>
    this.#owned[hashSlot(key, start, end)] === 0;

  readonly #isLeaving = (key: Uint8Array, start: number, end: number): boolean =>
    this.#leaving?.[hashSlot(key, start, end)] === 1;
}

const slotsOfMoves = (moves: readonly Move[]): SlotFlags | undefined =>
  moves.length === 0 ? undefined : flagsOf(moves.flatMap(({ spans }) => spans));
