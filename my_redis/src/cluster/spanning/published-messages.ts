import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { PubSub } from "../../dispatch/pub-sub.ts";
import { type ByteRange, viewOf, wholeRange } from "../../memory/byte-range.ts";
import type { ClusterView } from "../cluster-view.ts";
import { ByteReader } from "../message/byte-reader.ts";
import { ByteWriter } from "../message/byte-writer.ts";
import { type PeerChannel, peerRequestKinds, type PeerRequest } from "../peer-channel.ts";
import type { DeferredReply, SpanningCommand } from "../spanning-command.ts";
import type { NodeCommands, PartialCommand } from "./node-commands.ts";
import { elementsOf, integerOf, textOf } from "./reply-parts.ts";

const patternsKind = peerRequestKinds.firstSpanning + 2;
const publishKind = peerRequestKinds.firstSpanning + 3;

/**
 * Messages reach subscribers on all nodes. Subscribers of a node that does not answer cannot be reached, so these commands
 * leave that node out and publishing goes on.
 */
export class PublishedMessages {
  readonly #pubSub: PubSub;
  readonly #view: ClusterView;
  readonly #channel: PeerChannel;
  readonly #nodes: NodeCommands;

  constructor(pubSub: PubSub, view: ClusterView, channel: PeerChannel, nodes: NodeCommands) {
    this.#pubSub = pubSub;
    this.#view = view;
    this.#channel = channel;
    this.#nodes = nodes;
    channel.onRequest(patternsKind, (request) => request.answer(this.#ownPatterns()));
    channel.onRequest(publishKind, (request) => this.#publishHere(request));
    pubSub.onPublishedAsPart((name, message) => this.#publishElsewhere(name, message));
  }

  #ownPatterns(): Uint8Array {
    return new ByteWriter().texts([...this.#pubSub.names("pattern")]).bytes;
  }

  /** Publishes for a transaction or script, which does not wait for the other nodes: its reply counts this node's
   * subscribers only. */
  #publishElsewhere(name: ByteRange, message: ByteRange): void {
    const payload = new ByteWriter().block(viewOf(name)).block(viewOf(message)).bytes;
    for (const node of this.#view.nodes) {
      if (node !== this.#view.self) this.#channel.request(node, publishKind, payload, () => {});
    }
  }

  #publishHere(request: PeerRequest): void {
    const reader = new ByteReader(request.payload);
    const name = wholeRange(reader.block());
    this.#pubSub.publish("channel", name, wholeRange(reader.block()), "nothing");
    this.#pubSub.deliver();
    request.answer(new Uint8Array(0));
  }

  #countPatterns(reply: DeferredReply): void {
    const names = new Set(this.#pubSub.names("pattern"));
    const { nodes } = this.#view;
    let left = nodes.length - 1;
    const answer = (): void => reply.answer((writer) => writer.integer(names.size));
    if (left === 0) answer();
    for (const node of nodes) {
      if (node === this.#view.self) continue;
      this.#channel.request(node, patternsKind, new Uint8Array(0), (bytes) => {
        if (bytes !== undefined) for (const name of new ByteReader(bytes).texts()) names.add(name);
        if (--left === 0) answer();
      });
    }
  }

  get commands(): Record<string, SpanningCommand> {
    return {
      publish: {
        run: (context, args, reply) => this.#gather(context, args, reply, writeSum),
        localInTransaction: true,
      },
      "pubsub|channels": { run: (context, args, reply) => this.#gather(context, args, reply, writeUnion) },
      "pubsub|numsub": { run: (context, args, reply) => this.#gather(context, args, reply, writeCounts) },
      "pubsub|shardchannels": { run: (context, args, reply) => this.#gather(context, args, reply, writeUnion) },
      "pubsub|shardnumsub": { run: (context, args, reply) => this.#gather(context, args, reply, writeCounts) },
      "pubsub|numpat": { run: (_context, _args, reply) => this.#countPatterns(reply) },
      "script|exists": { run: (context, args, reply) => this.#gather(context, args, reply, writeMaxima) },
      "script|load": { run: (context, args, reply) => this.#gather(context, args, reply, writeFirst) },
    };
  }

  #gather(
    context: Context,
    args: Arguments,
    reply: DeferredReply,
    write: (writer: ReplyWriter, replies: readonly Uint8Array[]) => void,
  ): void {
    const words = Array.from({ length: args.count }, (_, index) => args.bytes(index));
    const { database, protocol } = context.client;
    const part: PartialCommand = { database, protocol, words };
    this.#nodes.runOnReachable(part, (replies) => {
      reply.answer((writer) => {
        if ("error" in replies) context.server.processor.writeError(writer, replies.error);
        else write(writer, [...replies.values()]);
      });
    });
  }
}

function writeSum(writer: ReplyWriter, replies: readonly Uint8Array[]): void {
  writer.integer(replies.reduce((sum, reply) => sum + integerOf(reply), 0));
}

/** All nodes give the same answer. */
function writeFirst(writer: ReplyWriter, [first]: readonly Uint8Array[]): void {
  if (first !== undefined) writer.raw(first);
}

/** Lists of 0 and 1: a script that one node has can be had by all. */
function writeMaxima(writer: ReplyWriter, replies: readonly Uint8Array[]): void {
  const lists = replies.map((reply) => elementsOf(reply).map(integerOf));
  const [first = []] = lists;
  writer.array(first.length);
  for (const place of first.keys()) writer.integer(Math.max(...lists.map((list) => list[place] as number)));
}

/** Each name once. */
function writeUnion(writer: ReplyWriter, replies: readonly Uint8Array[]): void {
  const names = new Map(replies.flatMap(elementsOf).map((name) => [textOf(name), name]));
  writer.array(names.size);
  for (const name of names.values()) writer.raw(name);
}

/** Pairs of a name and a count, the counts of all nodes added up. */
function writeCounts(writer: ReplyWriter, replies: readonly Uint8Array[]): void {
  const lists = replies.map(elementsOf);
  const [first = []] = lists;
  writer.array(first.length);
  for (const [place, element] of first.entries()) {
    if (place % 2 === 0) writer.raw(element);
    else writer.integer(lists.reduce((sum, list) => sum + integerOf(list[place] as Uint8Array), 0));
  }
}
