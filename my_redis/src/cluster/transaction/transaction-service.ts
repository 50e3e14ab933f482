import type { Services } from "../../dispatch/context.ts";
import type { ClusterView } from "../cluster-view.ts";
import { MessageFormatError } from "../message/byte-reader.ts";
import { peerRequestKinds, type PeerChannel, type PeerRequest } from "../peer-channel.ts";
import { foreignKeyRefusal } from "../spanning/key-owners.ts";
import type { Share, TransactionResult } from "./coordinator.ts";
import { CoarseDelays } from "./coarse-delays.ts";
import { KeyspaceOperations } from "./keyspace-operations.ts";
import { LockedRequests } from "./locked-requests.ts";
import { lockWaitLimits, transactionLimits } from "./node-timing.ts";
import type { RecordBook } from "./record-book.ts";
import { decodeAnswer, decodeRequest, encodeAnswer, encodeRequest } from "./transaction-codec.ts";
import type { TransactionHost, TransactionLimits } from "./transaction-host.ts";
import { logCommandOf } from "./transaction-log.ts";
import type {
  MemberName,
  Operation,
  TakenValue,
  TransactionAnswer,
  TransactionRequest,
} from "./transaction-message.ts";
import { sharesOf, type WritePlan, type Writes } from "./write-plan.ts";
import { TransactionNode } from "./transaction-node.ts";
import type { TransactionLogEntry } from "./transaction-record.ts";

const requestKind = peerRequestKinds.firstSpanning;
/** Looks for silent transactions in the time that one may be silent. */
const looksPerSilence = 10;

type Answered = (answer: TransactionAnswer | undefined) => void;

export interface TransactionServiceOptions {
  readonly server: Services;
  /** The earlier transactions, as the log knows them. */
  readonly book: RecordBook;
  readonly view: ClusterView;
  readonly channel: PeerChannel;
  readonly nodeTimeoutMs: number;
}

/** Joins the transactions of this node with its data, its log, its clients and the other nodes. */
export class TransactionService implements Writes {
  readonly locked: LockedRequests;
  readonly #server: Services;
  readonly #view: ClusterView;
  readonly #channel: PeerChannel;
  readonly #limits: TransactionLimits;
  readonly #operations: KeyspaceOperations;
  readonly #node: TransactionNode;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #delays: CoarseDelays;
  #toSelf: { readonly request: TransactionRequest; readonly answered: Answered }[] = [];
  #lastRequest: TransactionRequest | undefined;
  #lastBytes: Uint8Array = new Uint8Array(0);

  constructor({ server, book, view, channel, nodeTimeoutMs }: TransactionServiceOptions) {
    this.#server = server;
    this.#view = view;
    this.#channel = channel;
    this.#limits = transactionLimits(nodeTimeoutMs);
    this.#operations = new KeyspaceOperations(server);
    this.#delays = new CoarseDelays(() => server.environment.monotonicMs());
    this.locked = new LockedRequests(server, book.locks, lockWaitLimits(this.#limits));
    // 64 random bits: no two lives of any nodes are named alike.
    const incarnation = server.environment.runId().slice(0, 16);
    this.#node = new TransactionNode(this.#host(), this.#limits, book, incarnation);
    channel.onRequest(requestKind, (request) => this.#serve(request));
    this.locked.update();
    this.#timer = setInterval(() => this.#look(), this.#limits.silenceMs / looksPerSilence);
    this.#timer.unref();
  }

  /** Keys locked here. */
  get lockedKeys(): number {
    return this.#node.book.locks.size;
  }

  /** Transactions that this node has a record of. */
  get records(): number {
    return this.#node.book.records.size;
  }

  begin({ database, first, second }: WritePlan, done: (result: TransactionResult) => void): void {
    const ownerOf = (key: Uint8Array): MemberName =>
      this.#view.names[this.#view.ownerOfSlot(this.#view.slotOfKey(key, 0, key.length))] as MemberName;
    const share = sharesOf(first, ownerOf) as Share;
    if (second === undefined) return this.#node.begin({ database, first: share }, done);
    const { key, operation } = second;
    const target = ownerOf(key);
    const last = { participants: [target], share: (taken: TakenValue) => new Map([[target, [operation(taken)]]]) };
    this.#node.begin({ database, first: share, second: last }, done);
  }

  /** On such a ring a node has one role. */
  roleChanged(): void {}

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { book } = this.#node;
    if (book.records.size > 0) this.#node.look();
    if (this.locked.count > 0) this.locked.refuseOverdue();
  }

  #serve(request: PeerRequest): void {
    try {
      request.answer(encodeAnswer(this.#handle(decodeRequest(request.payload))));
    } catch (error) {
      this.#notUnderstood(request.from, error);
    }
  }

  #handle(request: TransactionRequest): TransactionAnswer {
    if (request.type === "prepare") {
      const refusal = this.#refusalOf(request.operations);
      if (refusal !== undefined) {
        this.#node.refused(request.id);
        return refusal;
      }
    }
    const answer = this.#node.handle(request);
    this.locked.update();
    return answer;
  }

  #refusalOf(operations: readonly Operation[]): TransactionAnswer | undefined {
    // Keys that a script has seen must not be locked before the script has ended.
    if (this.#server.execution.scriptIsPaused) return { type: "busy" };
    // The coordinator's view of the ring may be another.
    for (const { key } of operations) {
      const reason = foreignKeyRefusal(this.#view, key);
      if (reason !== undefined) return { type: "refused", reason };
    }
    return undefined;
  }

  #host(): TransactionHost {
    const { environment } = this.#server;
    const view = this.#view;
    return {
      self: view.names[view.self] as MemberName,
      members: view.names,
      monotonicMs: () => environment.monotonicMs(),
      random: () => environment.random(),
      schedule: (delayMs, run) => this.#delays.after(delayMs, run),
      ask: (member, request, answered) => this.#ask(member, request, answered),
      isReachable: (member) => view.isReachable(view.names.indexOf(member)),
      examine: (database, operations) => this.#operations.examine(database, operations),
      log: (entry) => this.#log(entry),
      logAndApply: (entry, database, operations) => this.#operations.apply(logCommandOf(entry), database, operations),
      unlocked: () => this.#unlocked(),
    };
  }

  #log(entry: TransactionLogEntry): void {
    const { changes } = this.#server;
    if (!changes.isOn) return;
    changes.beginUnit();
    changes.append(0, logCommandOf(entry));
    changes.endUnit();
  }

  #unlocked(): void {
    this.locked.releaseSoon();
    const { blocking, pubSub } = this.#server;
    blocking.serve();
    if (pubSub.hasDeliveries) pubSub.deliver();
  }

  #ask(member: MemberName, request: TransactionRequest, answered: Answered): void {
    const node = this.#view.names.indexOf(member);
    if (node === this.#view.self) {
      this.#askSelf(request, answered);
      return;
    }
    if (node < 0) {
      // It took part under an earlier configuration.
      setImmediate(() => answered(undefined));
      return;
    }
    const timeoutMs = this.#limits.prepareTimeoutMs;
    const take = (bytes: Uint8Array | undefined): void =>
      answered(bytes === undefined ? undefined : this.#read(bytes, node));
    this.#channel.request(node, requestKind, this.#encode(request), take, timeoutMs);
  }

  #read(bytes: Uint8Array, from: number): TransactionAnswer | undefined {
    try {
      return decodeAnswer(bytes);
    } catch (error) {
      this.#notUnderstood(from, error);
      return undefined;
    }
  }

  #notUnderstood(from: number, error: unknown): void {
    if (!(error instanceof MessageFormatError)) throw error;
    const name = this.#view.names[from] as string;
    this.#server.environment.report("warning", `a message of ${name} is not understood`, error);
  }

  /** One request mostly goes to several nodes, one after the other. */
  #encode(request: TransactionRequest): Uint8Array {
    if (request !== this.#lastRequest) {
      this.#lastRequest = request;
      this.#lastBytes = encodeRequest(request);
    }
    return this.#lastBytes;
  }

  /** The requests of this node to itself in one turn are one turn's work, with one write of the log. */
  #askSelf(request: TransactionRequest, answered: Answered): void {
    this.#toSelf.push({ request, answered });
    if (this.#toSelf.length === 1) setImmediate(() => this.#serveSelf());
  }

  #serveSelf(): void {
    const asked = this.#toSelf;
    this.#toSelf = [];
    const answers = asked.map(({ request }) => this.#handle(request));
    this.#channel.afterLog((safe) => {
      for (const [index, { answered }] of asked.entries()) answered(safe ? answers[index] : undefined);
    });
  }
}
