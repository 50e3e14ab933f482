import type { Command, Context, Services } from "../../dispatch/context.ts";
import { Refusal } from "../../dispatch/outcome.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { ClusterView } from "../cluster-view.ts";
import { ByteReader, MessageFormatError } from "../message/byte-reader.ts";
import { ByteWriter } from "../message/byte-writer.ts";
import { peerRequestKinds, type PeerChannel, type PeerRequest } from "../peer-channel.ts";
import { keyPositions } from "../../dispatch/command-keys.ts";
import { routeErrors } from "../routing/route-errors.ts";
import { foreignKeyRefusal } from "./key-owners.ts";
import type { LockedRequests } from "../transaction/locked-requests.ts";
import type { Client, Tracking } from "../../dispatch/client.ts";
import type { TrackedReads } from "../routing/tracked-reads.ts";

const requestKind = peerRequestKinds.firstSpanning + 1;

/** A part of a client's command, for one node. */
export interface PartialCommand {
  readonly database: number;
  readonly protocol: 2 | 3;
  /** The command's name and its arguments. */
  readonly words: readonly (Uint8Array | string)[];
  /** The client, if it may have to be told when the keys change. */
  readonly reader?: Client;
  /** It concerns all slots of a node: it is refused where the slots have other owners than here. */
  readonly isOfAllSlots?: boolean;
}

interface Ring {
  readonly view: ClusterView;
  readonly channel: PeerChannel;
  readonly reads: TrackedReads;
}

/** A part as the node gets it that carries it out. */
interface ReceivedPart extends Pick<PartialCommand, "database" | "protocol"> {
  readonly args: Arguments;
  /** Of the owners that the other node knows; 0 where they do not matter. */
  readonly ownersSum: number;
  /** That of the client for which it is read. */
  readonly tracking: Tracking | undefined;
}

/** The nodes' replies as RESP of the wanted protocol, or the text of an error when not all nodes answered. */
export type NodeReplies = ReadonlyMap<number, Uint8Array> | { readonly error: string };

const minus = 45;

/** The error of a command that needs every node. */
export const notAnswering = (node: string): string => `CLUSTERDOWN Node ${node} does not answer`;

const errorReply = (message: string): Uint8Array => Buffer.from(`-${message}\r\n`, "latin1");

/** The text of an error reply. */
export function errorText(reply: Uint8Array): string {
  return Buffer.from(reply.subarray(1, reply.length - 2)).toString("latin1");
}

/** Runs the parts of a spanning command on other nodes and on this one. */
export class NodeCommands {
  readonly #server: Services;
  readonly #view: ClusterView;
  readonly #channel: PeerChannel;
  readonly #locked: LockedRequests;
  readonly #reads: TrackedReads;
  readonly #context: Context;
  readonly #reply = new ReplyWriter();

  constructor(server: Services, { view, channel, reads }: Ring, locked: LockedRequests) {
    this.#server = server;
    this.#view = view;
    this.#channel = channel;
    this.#reads = reads;
    this.#locked = locked;
    this.#context = server.clients.addPseudo("script");
    channel.onRequest(requestKind, (request) => this.#serve(request));
  }

  /** One command on every node, or a command of its own on some of them. `done` is called once, later. */
  run(parts: ReadonlyMap<number, PartialCommand>, done: (replies: NodeReplies) => void): void {
    const replies = new Map<number, Uint8Array>();
    let over = false;
    const end = (result: NodeReplies): void => {
      if (over) return;
      over = true;
      done(result);
    };
    const take = (node: number, bytes: Uint8Array | undefined): void => {
      if (over) return;
      if (bytes === undefined) {
        end({ error: notAnswering(this.#view.names[node] as string) });
      } else if (bytes[0] === minus) {
        end({ error: errorText(bytes) });
      } else {
        replies.set(node, new Uint8Array(bytes));
        if (replies.size === parts.size) end(replies);
      }
    };
    for (const [node, part] of parts) this.ask(node, part, (bytes) => take(node, bytes));
  }

  /** As `run`, on all nodes that own slots. */
  runOnAll(part: PartialCommand, done: (replies: NodeReplies) => void): void {
    this.run(new Map(this.#view.owning.map((node) => [node, part])), done);
  }

  /** One command on every node. Nodes that do not answer, or that answer with an error, are left out unless they are needed. */
  runOnReachable(
    part: PartialCommand,
    done: (replies: NodeReplies) => void,
    needed: readonly number[] = [this.#view.self],
  ): void {
    const replies = new Map<number, Uint8Array>();
    const { nodes, self } = this.#view;
    let left = nodes.length;
    let error: string | undefined;
    for (const node of nodes) {
      this.ask(node, part, (bytes) => {
        if (bytes !== undefined && bytes[0] !== minus) replies.set(node, new Uint8Array(bytes));
        else if (bytes !== undefined && needed.includes(node)) error = errorText(bytes);
        else if (needed.includes(node))
          error = node === self ? this.#notReleased : notAnswering(this.#view.names[node] as string);
        if (--left === 0) done(error === undefined ? replies : { error });
      });
    }
  }

  /** Why the reply of this node itself must not be sent. */
  get #notReleased(): string {
    const { seat, names, self } = this.#view;
    if (seat === undefined) return "MISCONF Errors writing to the AOF file";
    return this.#server.changes.failure ?? notAnswering(names[self] as string);
  }

  /** One command on one node; undefined when there is no answer. `answered` is called later; the bytes are valid only during the call. */
  ask(node: number, part: PartialCommand, answered: (reply: Uint8Array | undefined) => void): void {
    const { ownersSum: sum, seat, self } = this.#view;
    const ownersSum = part.isOfAllSlots === true && seat !== undefined ? sum : 0;
    if (node === self) {
      const received: ReceivedPart = {
        ...{ ...part, ownersSum },
        args: Arguments.from(part.words),
        tracking: this.#reads.own(part.reader),
      };
      setImmediate(() => {
        this.#run(received, (bytes) => {
          const kept = new Uint8Array(bytes);
          this.#channel.afterLog((safe) => answered(safe ? kept : undefined));
        });
      });
      return;
    }
    const writer = new ByteWriter().uint32(part.database).byte(part.protocol).uint32(ownersSum);
    writer.uint32(part.words.length);
    for (const word of part.words) writer.block(typeof word === "string" ? Buffer.from(word) : word);
    this.#reads.write(writer, part.reader, node);
    this.#channel.request(node, requestKind, writer.bytes, (bytes) => answered(bytes));
  }

  #serve(request: PeerRequest): void {
    try {
      const reader = new ByteReader(request.payload);
      const database = reader.uint32();
      const protocol = reader.byte() === 3 ? 3 : 2;
      const ownersSum = reader.uint32();
      const words = Array.from({ length: reader.count(4) }, () => reader.block());
      const tracking = this.#reads.read(reader, request.from);
      const part = { database, protocol, ownersSum, args: Arguments.from(words), tracking } as const;
      this.#run(part, (bytes) => request.answer(bytes));
    } catch (error) {
      if (!(error instanceof MessageFormatError)) throw error;
      this.#server.environment.report(
        "warning",
        `a message of ${this.#view.names[request.from]} is not understood`,
        error,
      );
    }
  }

  /** Runs a command here once none of its keys is locked. */
  #run(part: ReceivedPart, answer: (reply: Uint8Array) => void): void {
    const { args, database } = part;
    const found = this.#server.processor.resolve(args);
    if (found instanceof Refusal) {
      answer(errorReply(found.message));
      return;
    }
    if (this.#refusalOf(part, found) !== undefined) return this.#runLater(part, found, answer);
    const isFree = (): boolean => this.#locked.lockedPlace(database, found, args) === undefined;
    this.#locked.whenFree(isFree, (free) => {
      if (!free) return answer(errorReply(this.#locked.overdueText));
      const { seat } = this.#view;
      const showsData = found.isWrite || found.flagSet.has("readonly");
      if (seat === undefined || !showsData) return answer(this.#call(part, found));
      const owned = { ...part, args: args.copy() };
      // A slot may go while the request waits.
      const refusalNow = (): string | undefined => this.#refusalOf(owned, found);
      seat.whenServing(
        (overdue) => {
          const refusal = overdue ?? refusalNow();
          if (refusal !== undefined) return answer(errorReply(refusal));
          // A key may have been locked while the request waited.
          if (isFree()) answer(this.#call(owned, found));
          else this.#run(owned, answer);
        },
        () => refusalNow() !== undefined,
      );
    });
  }

  #refusalOf({ args, ownersSum }: ReceivedPart, command: Command): string | undefined {
    if (ownersSum !== 0 && ownersSum !== this.#view.ownersSum) return routeErrors.ownersChanged;
    for (const index of keyPositions(command, args)) {
      const refusal = foreignKeyRefusal(this.#view, args.buffer, args.start(index), args.end(index));
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** Something is not this node's: perhaps it will be in a moment, and the node that asks knows it already. */
  #runLater(part: ReceivedPart, command: Command, answer: (reply: Uint8Array) => void): void {
    const { seat, slotOfKey } = this.#view;
    const { args } = part;
    const refusal = errorReply(this.#refusalOf(part, command) as string);
    const isAwaited = (index: number): boolean =>
      seat?.mover.isAwaited(slotOfKey(args.buffer, args.start(index), args.end(index))) === true;
    if (seat === undefined || !keyPositions(command, args).some(isAwaited)) return answer(refusal);
    const kept = { ...part, args: args.copy() };
    seat.whenTable((overdue) => (overdue === undefined ? this.#run(kept, answer) : answer(refusal)));
  }

  #call({ args, database, protocol, tracking }: ReceivedPart, found: Command): Uint8Array {
    const { changes, clock, observerList, processor } = this.#server;
    const reply = this.#reply;
    reply.clear();
    if (found.isWrite && changes.failure !== undefined) {
      processor.writeError(reply, changes.failure);
      return reply.written;
    }
    clock.update();
    reply.protocol = protocol;
    const { client } = this.#context;
    client.protocol = protocol;
    client.tracking = tracking;
    this.#context.select(database);
    observerList.starting(client);
    changes.beginUnit();
    processor.call(this.#context, found, args, reply);
    changes.endUnit();
    processor.deliverEffects();
    return reply.written;
  }
}
