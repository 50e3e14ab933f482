import type { Services } from "../../dispatch/context.ts";
import type { Turn } from "../../network/turn.ts";
import type { ClusterView, SeatServing } from "../cluster-view.ts";
import { MessageFormatError } from "../message/byte-reader.ts";
import { peerRequestKinds, type PeerChannel, type PeerRequest } from "../peer-channel.ts";
import { CoarseDelays } from "../transaction/coarse-delays.ts";
import type { TransactionResult } from "../transaction/coordinator.ts";
import { KeyspaceOperations } from "../transaction/keyspace-operations.ts";
import { LockedRequests } from "../transaction/locked-requests.ts";
import { lockWaitLimits, transactionLimits } from "../transaction/node-timing.ts";
import type { TransactionLimits } from "../transaction/transaction-host.ts";
import type { Operation } from "../transaction/transaction-message.ts";
import type { WritePlan, Writes } from "../transaction/write-plan.ts";
import type { OpenWrites } from "./open-writes.ts";
import type { SeatLogEntry } from "./seat-book.ts";
import { decodeAnswer, decodeRequest, encodeAnswer, encodeRequest } from "./seat-codec.ts";
import { SeatCoordinator } from "./seat-coordinator.ts";
import type { CoordinatorHost, ParticipantHost, SeatAnswered, SeatHost } from "./seat-host.ts";
import type { SeatAnswer, SeatRequest } from "./seat-message.ts";
import { SeatParticipant } from "./seat-participant.ts";

const requestKind = peerRequestKinds.firstSpanning + 4;
/** Looks for silent writes in the time that one may be silent. */
const looksPerSilence = 10;
/** They travel within one fact of a snapshot. */
const maxPreparedBytes = 64 * 1024 * 1024;

export interface SeatTransactionServiceOptions {
  readonly server: Services;
  readonly turn: Turn;
  readonly open: OpenWrites;
  readonly view: ClusterView;
  readonly seat: SeatServing;
  readonly channel: PeerChannel;
  readonly nodeTimeoutMs: number;
}

/** Joins writes across seats with this node's data, its log, its clients and the other nodes. */
export class SeatTransactionService implements Writes {
  readonly locked: LockedRequests;
  readonly #options: SeatTransactionServiceOptions;
  readonly #limits: TransactionLimits;
  readonly #operations: KeyspaceOperations;
  readonly #participant: SeatParticipant;
  readonly #coordinator: SeatCoordinator;
  readonly #delays: CoarseDelays;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(options: SeatTransactionServiceOptions) {
    this.#options = options;
    const { channel, nodeTimeoutMs, open, server } = options;
    this.#limits = { ...transactionLimits(nodeTimeoutMs), maxPreparedBytes };
    this.#operations = new KeyspaceOperations(server);
    this.#delays = new CoarseDelays(() => server.environment.monotonicMs());
    this.locked = new LockedRequests(server, open.book.locks, lockWaitLimits(this.#limits));
    this.#participant = new SeatParticipant(this.#participantHost(), this.#limits, open.book);
    // 64 random bits: no two lives of any nodes are named alike.
    const incarnation = server.environment.runId().slice(0, 16);
    this.#coordinator = new SeatCoordinator(this.#coordinatorHost(), this.#limits, incarnation);
    channel.onRequest(requestKind, (request) => this.#serve(request));
    // The log may have brought some, and this node may serve already.
    this.locked.update();
    this.#timer = setInterval(() => this.#look(), this.#limits.silenceMs / looksPerSilence);
    this.#timer.unref();
  }

  /** Keys locked here. */
  get lockedKeys(): number {
    return this.#options.open.book.locks.size;
  }

  /** Writes of which this node's data says something. */
  get records(): number {
    return this.#options.open.book.records.size;
  }

  begin(plan: WritePlan, done: (result: TransactionResult) => void): void {
    this.#coordinator.begin(plan, done);
  }

  /** This node has become a primary, or is none any more: its locks are others. */
  roleChanged(): void {
    this.locked.releaseSoon();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#options.turn.run(() => {
      this.#participant.look();
      if (this.locked.count > 0) this.locked.refuseOverdue();
    });
  }

  #serve(request: PeerRequest): void {
    try {
      this.#handle(decodeRequest(request.payload), (answer) => request.answer(encodeAnswer(answer)));
    } catch (error) {
      this.#notUnderstood(request.from, error);
    }
  }

  /** Answers once all copies of the seat have what the answer rests on. */
  #handle(request: SeatRequest, answer: (answer: SeatAnswer) => void): void {
    const own = this.#participant.handle(request);
    this.locked.update();
    if (own.type === "elsewhere" || own.type === "busy") return answer(own);
    this.#whenKept((isKept) => answer(isKept ? own : { type: "elsewhere" }));
  }

  /** Once all copies in sync have what was logged so far, and this node's own log is as safe as appendfsync promises. */
  #whenKept(run: (isKept: boolean) => void): void {
    const { channel, seat } = this.#options;
    let left = 2;
    let isKept = true;
    const end = (isSo: boolean): void => {
      isKept &&= isSo;
      if (--left === 0) run(isKept);
    };
    seat.rights.kept.whenKept(end);
    channel.afterLog(end);
  }

  #notUnderstood(from: number, error: unknown): void {
    if (!(error instanceof MessageFormatError)) throw error;
    const name = this.#options.view.names[from] as string;
    this.#options.server.environment.report("warning", `a message of ${name} is not understood`, error);
  }

  #slotOf(key: Uint8Array): number {
    return this.#options.view.slotOfKey(key, 0, key.length);
  }

  // --- what the rules need of this node ---

  #host(): SeatHost {
    const { server, turn } = this.#options;
    const { environment } = server;
    return {
      monotonicMs: () => environment.monotonicMs(),
      random: () => environment.random(),
      schedule: (delayMs, run) => this.#delays.after(delayMs, () => turn.run(run)),
      ask: (request, answered) => this.#ask(request, (answer) => turn.run(() => answered(answer))),
    };
  }

  #ask(request: SeatRequest, answered: SeatAnswered): void {
    const { channel, seat, view } = this.#options;
    const node = view.names.indexOf(seat.rights.primaryOf(request.seat) ?? "");
    if (node < 0) {
      setImmediate(() => answered(undefined));
    } else if (node === view.self) {
      this.#askSelf(request, answered);
    } else {
      const take = (bytes: Uint8Array | undefined): void =>
        answered(bytes === undefined ? undefined : this.#read(bytes, node));
      channel.request(node, requestKind, encodeRequest(request), take, this.#limits.prepareTimeoutMs);
    }
  }

  #askSelf(request: SeatRequest, answered: SeatAnswered): void {
    let isOver = false;
    const end: SeatAnswered = (answer) => {
      if (isOver) return;
      isOver = true;
      answered(answer);
    };
    this.#delays.after(this.#limits.prepareTimeoutMs, () => end(undefined));
    setImmediate(() => this.#options.turn.run(() => this.#handle(request, end)));
  }

  #read(bytes: Uint8Array, from: number): SeatAnswer | undefined {
    try {
      return decodeAnswer(bytes);
    } catch (error) {
      this.#notUnderstood(from, error);
      return undefined;
    }
  }

  #coordinatorHost(): CoordinatorHost {
    const { rights } = this.#options.seat;
    return {
      ...this.#host(),
      seatOf: (key) => rights.seatOfSlot(this.#slotOf(key)),
    };
  }

  #participantHost(): ParticipantHost {
    const { rights } = this.#options.seat;
    return {
      ...this.#host(),
      get serving() {
        return rights.serving;
      },
      isInRing: (seat) => rights.isInRing(seat),
      obstacleTo: (operations) => this.#obstacleTo(operations),
      examine: (database, operations) => this.#operations.examine(database, operations),
      log: (entry) => this.#log(entry),
      logAndApply: (entry, database, operations) => {
        // A copy that takes over may not know that its part was carried out, and that the slots have gone since then.
        const own = operations.filter(({ key }) => rights.mayEnd(this.#slotOf(key)));
        this.#operations.apply(this.#options.open.note(entry), database, own);
      },
      unlocked: () => this.#unlocked(),
      whenKept: (run) => this.#whenKept((isKept) => this.#options.turn.run(() => run(isKept))),
    };
  }

  #obstacleTo(operations: readonly Operation[]): "busy" | "elsewhere" | undefined {
    // Keys that a script has seen must not be locked before the script has ended.
    if (this.#options.server.execution.scriptIsPaused) return "busy";
    return this.#options.seat.rights.obstacleTo(operations.map(({ key }) => this.#slotOf(key)));
  }

  #log(entry: SeatLogEntry): void {
    const { changes } = this.#options.server;
    const words = this.#options.open.note(entry);
    changes.beginUnit();
    changes.append(0, words);
    changes.endUnit();
  }

  #unlocked(): void {
    this.locked.releaseSoon();
    const { blocking, pubSub } = this.#options.server;
    blocking.serve();
    if (pubSub.hasDeliveries) pubSub.deliver();
  }
}
