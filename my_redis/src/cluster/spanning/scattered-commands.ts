import type { Context } from "../../dispatch/context.ts";
import { readCursor } from "../../protocol/scan-cursor.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { DeferredReply, SpanningCommand } from "../spanning-command.ts";
import { byOwner, refusalOf } from "./key-owners.ts";
import { type NodeCommands, type NodeReplies, notAnswering, type PartialCommand } from "./node-commands.ts";
import { elementsOf, integerOf } from "./reply-parts.ts";
import { joinCursor, splitCursor } from "./spanning-cursor.ts";

type WriteReply = (writer: ReplyWriter, replies: ReadonlyMap<number, Uint8Array>) => void;

/** Commands of which each node carries out a part. The answers are put together, or the reply is an error. */
export class ScatteredCommands {
  readonly #view: ClusterView;
  readonly #nodes: NodeCommands;

  constructor(view: ClusterView, nodes: NodeCommands) {
    this.#view = view;
    this.#nodes = nodes;
  }

  get commands(): Record<string, SpanningCommand> {
    const summed: SpanningCommand = { run: (context, args, reply) => this.#sumOverKeys(context, args, reply) };
    const allNodes = [...this.#view.names.keys()];
    const acknowledgedBy = (nodes: () => readonly number[]): SpanningCommand => ({
      run: (context, args, reply) => this.#acknowledge(context, args, reply, nodes()),
    });
    const acknowledged = acknowledgedBy(() => this.#view.primaries);
    return {
      mget: { run: (context, args, reply) => this.#readAll(context, args, reply) },
      exists: summed,
      touch: summed,
      unlink: summed,
      dbsize: { run: (context, args, reply) => this.#sumOverNodes(context, args, reply) },
      keys: { run: (context, args, reply) => this.#listKeys(context, args, reply) },
      scan: { run: (context, args, reply) => this.#scan(context, args, reply) },
      randomkey: { run: (context, _args, reply) => this.#randomKey(context, reply) },
      flushdb: acknowledged,
      flushall: acknowledged,
      swapdb: acknowledged,
      // Replicas have scripts, too.
      "script|flush": acknowledgedBy(() => allNodes),
    };
  }

  #partOf(context: Context, words: PartialCommand["words"]): PartialCommand {
    const { client } = context;
    return { database: client.database, protocol: client.protocol, words, reader: client };
  }

  #finish(context: Context, reply: DeferredReply, write: WriteReply): (replies: NodeReplies) => void {
    return (replies) => {
      reply.answer((writer) => {
        if ("error" in replies) context.server.processor.writeError(writer, replies.error);
        else write(writer, replies);
      });
    };
  }

  #refuse(context: Context, reply: DeferredReply, message: string): void {
    reply.answer((writer) => context.server.processor.writeError(writer, message));
  }

  /** Sends each owner the command with its keys only; undefined when they cannot all be served. */
  #sendByOwner(
    context: Context,
    args: Arguments,
    reply: DeferredReply,
    write: WriteReply,
  ): Map<number, number[]> | undefined {
    const keys = Array.from({ length: args.count - 1 }, (_, index) => index + 1);
    const refusal = refusalOf(this.#view, args, keys);
    if (refusal !== undefined) {
      this.#refuse(context, reply, refusal);
      return undefined;
    }
    const owners = byOwner(this.#view, args, keys);
    const parts = new Map<number, PartialCommand>();
    for (const [owner, indexes] of owners) {
      parts.set(owner, this.#partOf(context, [args.bytes(0), ...indexes.map((index) => args.bytes(index))]));
    }
    this.#nodes.run(parts, this.#finish(context, reply, write));
    return owners;
  }

  #readAll(context: Context, args: Arguments, reply: DeferredReply): void {
    const count = args.count - 1;
    const owners = this.#sendByOwner(context, args, reply, (writer, replies) => {
      const elements: Uint8Array[] = [];
      for (const [owner, indexes] of owners ?? []) {
        const own = elementsOf(replies.get(owner) as Uint8Array);
        for (const [place, index] of indexes.entries()) elements[index - 1] = own[place] as Uint8Array;
      }
      writer.array(count);
      for (const element of elements) writer.raw(element);
    });
  }

  #sumOverKeys(context: Context, args: Arguments, reply: DeferredReply): void {
    this.#sendByOwner(context, args, reply, writeSum);
  }

  #sumOverNodes(context: Context, args: Arguments, reply: DeferredReply): void {
    this.#nodes.runOnAll(this.#partOf(context, wordsOf(args)), this.#finish(context, reply, writeSum));
  }

  #acknowledge(context: Context, args: Arguments, reply: DeferredReply, nodes: readonly number[]): void {
    // When one node cannot be asked, no node is: a partial effect would be worse.
    const gone = nodes.find((node) => !this.#view.isReachable(node));
    if (gone !== undefined) {
      this.#refuse(context, reply, notAnswering(this.#view.names[gone] as string));
      return;
    }
    const part = this.#partOf(context, wordsOf(args));
    this.#nodes.run(
      new Map(nodes.map((node) => [node, part])),
      this.#finish(context, reply, (writer, replies) => {
        const [first] = replies.values();
        writer.raw(replies.get(this.#view.self) ?? (first as Uint8Array));
      }),
    );
  }

  #listKeys(context: Context, args: Arguments, reply: DeferredReply): void {
    const part = this.#partOf(context, wordsOf(args));
    this.#nodes.runOnAll(
      part,
      this.#finish(context, reply, (writer, replies) => {
        const names = [...replies.values()].flatMap(elementsOf);
        writer.array(names.length);
        for (const name of names) writer.raw(name);
      }),
    );
  }

  /** Scans one node at a time; the cursor contains the node and the node's own cursor. */
  #scan(context: Context, args: Arguments, reply: DeferredReply): void {
    // A place on the ring keeps its number, whichever node serves it.
    const { primaries } = this.#view;
    const place = readPlace(args, primaries.length);
    if (typeof place === "string") {
      this.#refuse(context, reply, place);
      return;
    }
    const words = wordsOf(args);
    words[1] = String(place.cursor);
    const node = primaries[place.node] as number;
    const parts = new Map([[node, this.#partOf(context, words)]]);
    this.#nodes.run(
      parts,
      this.#finish(context, reply, (writer, replies) => {
        const [cursor, names] = elementsOf(replies.get(node) as Uint8Array) as [Uint8Array, Uint8Array];
        writer.array(2);
        writer.bulkInteger(joinCursor({ node: place.node, cursor: numberIn(cursor) }, primaries.length));
        writer.raw(names);
      }),
    );
  }

  /** Every key is equally likely: a node is chosen by its number of keys. */
  #randomKey(context: Context, reply: DeferredReply): void {
    const { random } = context.server.environment;
    this.#nodes.runOnAll(this.#partOf(context, ["DBSIZE"]), (sizes) => {
      if ("error" in sizes) {
        this.#refuse(context, reply, sizes.error);
        return;
      }
      const counts = [...sizes].map(([node, size]): [number, number] => [node, integerOf(size)]);
      let left = random() * counts.reduce((sum, [, count]) => sum + count, 0);
      const [chosen] = counts.find(([, count]) => (left -= count) < 0) ?? [this.#view.primaries[0] as number];
      const parts = new Map([[chosen, this.#partOf(context, ["RANDOMKEY"])]]);
      this.#nodes.run(
        parts,
        this.#finish(context, reply, (writer, replies) => {
          writer.raw(replies.get(chosen) as Uint8Array);
        }),
      );
    });
  }
}

const writeSum: WriteReply = (writer, replies) => {
  writer.integer([...replies.values()].reduce((sum, reply) => sum + integerOf(reply), 0));
};

function wordsOf(args: Arguments): (Uint8Array | string)[] {
  return Array.from({ length: args.count }, (_, index) => args.bytes(index));
}

/** The integer in a bulk string. */
const numberIn = (bulk: Uint8Array): number => Number(Buffer.from(bulk).toString("latin1").split("\r\n")[1]);

/** Where a client's SCAN goes on, or the error that a single server would answer. */
function readPlace(args: Arguments, nodeCount: number): { node: number; cursor: number } | string {
  try {
    readCursor(args, 1);
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
  return splitCursor(args.latin1(1), nodeCount) ?? errors.invalidCursor;
}
