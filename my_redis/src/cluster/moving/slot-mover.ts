import type { Services } from "../../dispatch/context.ts";
import { answer } from "../../dispatch/replies.ts";
import type { Turn } from "../../network/turn.ts";
import { hasAll, movesTo } from "../agreement/incoming.ts";
import type { MoveAsk } from "../agreement/move-message.ts";
import { heldBy, takesAll } from "../agreement/outgoing.ts";
import type { Position } from "../agreement/position.ts";
import type { Member, RingEvent } from "../agreement/ring-member.ts";
import { type RingTable, seatOf } from "../agreement/ring-table.ts";
import { isReady } from "../agreement/serving.ts";
import { hasSlot, type Move } from "../agreement/slot-map.ts";
import type { AnnouncedEndpoints } from "../announced-endpoints.ts";
import { hashSlot } from "../hash-slot.ts";
import type { Members } from "../members.ts";
import { type PeerChannel, type PeerRequest, peerRequestKinds } from "../peer-channel.ts";
import { sendBack } from "../routing/returned-request.ts";
import { routeErrors } from "../routing/route-errors.ts";
import { EffectTap } from "./effect-tap.ts";
import { decodeQuestion, noAnswer } from "./move-codec.ts";
import type { KeptData } from "../failover/kept-data.ts";
import { MovesWithoutLocks } from "../seat-transaction/moves-without-locks.ts";
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
  readonly endpoints: AnnouncedEndpoints;
  readonly cursors: MoveCursors;
  readonly writes: OpenWrites;
  readonly kept: Pick<KeptData, "whenKept">;
  readonly member: () => Member;
  readonly take: (event: RingEvent) => void;
  readonly position: () => Position;
  /** Whether this node's log has all that this node has. */
  readonly isLogged: () => boolean;
  /** Requests that have waited may run now, or belong to another node. */
  readonly release: () => void;
}

interface OpenQuestion {
  readonly request: PeerRequest;
  readonly ask: MoveAsk;
  timer?: ReturnType<typeof setTimeout>;
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
  readonly #withoutLocks: MovesWithoutLocks;
  /** The epoch in which this node serves its seat, as far as the parts here know. */
  #epoch = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The one that this node goes by. A newer one may be committed already. */
  #table: RingTable | undefined;
  /** Slots of moves anywhere in the ring. */
  #moving: SlotFlags | undefined;
  /** Slots that come to this seat. */
  #awaited: SlotFlags | undefined;
  /** Slots that go to another seat, while this node is the primary. */
  #leaving: SlotFlags | undefined;
  /** Slots of this seat that have not come as a whole: no request for them is carried out yet. */
  #stopped: SlotFlags | undefined;
  /** Slots that have gone, and whose last writes this seat still keeps for the target. */
  #passing: SlotFlags | undefined;
  /** Slots of this seat that are here as a whole. */
  #owned = noSlots();
  /** Questions that wait for a while, or until requests have stopped. By the number of the move. */
  readonly #open = new Map<number, OpenQuestion>();

  constructor(options: SlotMoverOptions) {
    const { channel, cursors, isLogged, kept, member, position, server, take, turn, writes } = options;
    this.#options = options;
    this.#withoutLocks = new MovesWithoutLocks({
      ...{ book: writes.book, epoch: () => member().serving?.epoch },
      whenKept: (run) => kept.whenKept(run),
    });
    this.source = new MoveSource({ server, member, position, mayStop: this.#mayStop });
    this.target = new MoveTarget({
      ...{ server, cursors, isLogged, member, take, position },
      ask: (seat, question, answered) => this.#ask(seat, question, answered),
      isEmpty: this.isEmptyFor,
      contentChanged: ({ spans }) => {
        this.sweeper.filled(flagsOf(spans));
        this.#sweep();
      },
      ended: () => this.#ended(),
    });
    this.sweeper = new SlotSweeper({ server, turn, mayChange: () => this.#isServing(), done: () => this.#swept() });
    this.#tap = new EffectTap(server, (effect) => this.source.changed(effect));
    channel.onRequest(peerRequestKinds.moveSlots, (request) => this.#answer(request));
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const move of this.#open.keys()) this.#close(move);
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

  /** Whether a part of this seat's slots is neither all here nor all elsewhere. */
  get isHandingOver(): boolean {
    return this.#passing !== undefined || this.#stopped !== undefined;
  }

  // --- what the agreement says ---

  /** A newer table is committed. */
  onTable(table: RingTable): void {
    const { cursors, member } = this.#options;
    this.#table = table;
    const moves = table.slots?.moves ?? [];
    const isUnderWay = (id: number): boolean => moves.some((move) => move.id === id);
    cursors.keepOnly(isUnderWay);
    this.source.keepOnly(isUnderWay);
    this.target.keepOnly(isUnderWay);
    this.#withoutLocks.keepOnly(isUnderWay);
    const seat = seatOf(table, member().self);
    this.#moving = slotsOfMoves(moves);
    this.#awaited = slotsOfMoves(moves.filter(({ to }) => to === seat?.name));
    const outgoing = moves.filter(({ from }) => from === seat?.name && member().serving !== undefined);
    this.#leaving = slotsOfMoves(outgoing.filter(({ isPassing }) => !isPassing));
    this.#passing = slotsOfMoves(outgoing.filter(({ isPassing }) => isPassing));
    const owned = this.#owned;
    this.#updateOwned(table);
    if (this.#owned.some((isOwned, slot) => isOwned < (owned[slot] as number))) this.#lost(owned);
    this.#isServing();
    this.#sweep();
    this.#stop(table);
    const takesPart = moves.some(({ from, to }) => from === seat?.name || to === seat?.name);
    this.#tickWhile(takesPart && member().serving !== undefined);
    this.#options.release();
  }

  /** Slots have gone: what clients wait for or watch there will not come here any more. */
  #lost(before: SlotFlags): void {
    const { endpoints, members, server } = this.#options;
    const lostSlot = (key: string): number => {
      const bytes = Buffer.from(key, "latin1");
      const slot = hashSlot(bytes, 0, bytes.length);
      return before[slot] === 1 && this.#owned[slot] === 0 ? slot : -1;
    };
    server.watched.breakWhere((key) => lostSlot(key) >= 0);
    server.pubSub.endShards((name) => lostSlot(name) >= 0);
    server.blocking.end((context, keys) => {
      const { client } = context;
      const slot = Math.max(-1, ...keys.map(lostSlot));
      if (slot < 0) return false;
      server.processor.countUnblocked(context);
      // Its own node knows how to reach the new owner, and where a client is to be sent that reaches it over TLS.
      if (client.kind === "relayed") return sendBack(context, client.blocked!.args) === "held";
      const address = endpoints.preferred(members.owners[slot] as number, client.channel.encrypted);
      const { moved } = routeErrors;
      answer(server.replies, client, (reply) => server.processor.writeError(reply, moved(slot, address)), "nothing");
      return true;
    });
  }

  /** Whether slots are to go of which something may be half done here. */
  get mustRest(): boolean {
    const outgoing = this.#options.member().serving?.outgoing.values() ?? [];
    return [...outgoing].some(({ freeze }) => freeze === "asked");
  }

  /** By the table, requests for these slots are not carried out here any more: their targets get the rest. */
  #stop({ slots }: RingTable): void {
    const { member, take } = this.#options;
    for (const move of slots?.moves ?? []) {
      const { id } = move;
      if (member().serving?.outgoing.get(id)?.freeze !== "asked" || !this.#mayStop(move)) continue;
      this.source.copyOf(id)?.stopped();
      take({ type: "frozen", move: id });
    }
    // What has stopped is answered at once, and so is what is over.
    for (const { ask } of this.#open.values()) {
      const move = this.#moveOf(ask);
      if (move === undefined || this.source.waitMs(move, ask) === 0) this.#answerOpen(ask.move);
    }
  }

  /** A write across seats that has locked one of the keys ends first: locks do not move. */
  readonly #mayStop = (move: Move): boolean => {
    const isGoing = (key: Uint8Array): boolean => hasSlot(move.spans, hashSlot(key, 0, key.length));
    return this.#withoutLocks.has(move, { isGoing, isLast: takesAll(this.#options.member().committed!, move) });
  };

  #updateOwned({ seats, slots }: RingTable): void {
    const { member } = this.#options;
    const { self } = member();
    const seat = seats.find(({ nodes }) => nodes.includes(self))?.name;
    const isHere = ({ id, isPassing, to }: Move): boolean => !isPassing || to !== seat || hasAll(member(), id);
    this.#owned = flagsOf(slots?.owners.filter(({ owner }) => owner === seat) ?? []);
    const missing = slots?.moves.filter((move) => !isHere(move)) ?? [];
    for (const { start, end } of missing.flatMap(({ spans }) => spans)) this.#owned.fill(0, start, end + 1);
    this.#stopped = slotsOfMoves(missing);
  }

  /** Everything of a move has come: requests for its slots may be carried out, if they are this seat's already. */
  #ended(): void {
    if (this.#table === undefined) return;
    this.#updateOwned(this.#table);
    this.#show();
    this.#options.release();
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
    if (this.#isServing()) this.target.ask();
    if (this.#leaving !== undefined) this.#withoutLocks.learn();
    // Locked keys may have kept slots from stopping.
    if (this.mustRest && this.#table !== undefined) this.#stop(this.#table);
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
    const { ask, run } = question;
    this.#options.take({ type: "asked", run, ask });
    this.#close(ask.move)?.request.answer(noAnswer);
    const open: OpenQuestion = { request, ask };
    this.#open.set(ask.move, open);
    const move = this.#moveOf(ask);
    const waitMs = move === undefined ? 0 : this.source.waitMs(move, ask);
    if (waitMs === 0) return this.#answerOpen(ask.move);
    const { turn } = this.#options;
    open.timer = setTimeout(() => turn.run(() => this.#answerOpen(ask.move)), waitMs).unref();
  }

  /** The move that a question is about, if it is still one of this seat, in the same attempt. */
  #moveOf({ attempt, move }: MoveAsk): Move | undefined {
    const { committed, self } = this.#options.member();
    const seat = committed === undefined ? undefined : seatOf(committed, self)?.name;
    return committed?.slots?.moves.find((each) => each.id === move && each.from === seat && each.attempt === attempt);
  }

  #close(move: number): OpenQuestion | undefined {
    const open = this.#open.get(move);
    clearTimeout(open?.timer);
    this.#open.delete(move);
    return open;
  }

  #answerOpen(id: number): void {
    const open = this.#close(id);
    if (open === undefined) return;
    const move = this.#isServing() ? this.#moveOf(open.ask) : undefined;
    open.request.answer(move === undefined ? noAnswer : this.source.answer(move, open.ask));
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
    const doomed = noSlots().fill(1);
    for (const { start, end } of heldBy(committed.slots, seat.name)) doomed.fill(0, start, end + 1);
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
    const mayBeThere = this.#awaited !== undefined || this.#passing !== undefined || this.sweeper.isRunning;
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
