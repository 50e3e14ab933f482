import type { Context } from "../../dispatch/context.ts";
import { readCursor } from "../../protocol/scan-cursor.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { DeferredReply, SpanningCommand } from "../spanning-command.ts";
import { byOwner, refusalOf } from "./key-owners.ts";
import { isNotOwner, routeErrors } from "../routing/route-errors.ts";
import { errorText, type NodeCommands, type NodeReplies, notAnswering, type PartialCommand } from "./node-commands.ts";
import { elementsOf, integerOf } from "./reply-parts.ts";
import { joinCursor, markCursor, type ScanPlace, splitCursor, unmarkCursor } from "./spanning-cursor.ts";

const minus = 45;
/** Before a part is asked for again whose node has handed over slots: this node hears soon where they have gone. */
const movedPauseMs = 5;

/** A node that hands its place or slots over meanwhile would have to be asked anew: then it may swap twice, or not at all. */
const noSwap = "ERR SWAPDB is not possible on a ring whose nodes agree on their members: some of them might swap twice";

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
    const flushing: SpanningCommand = { run: (context, args, reply) => this.#flush(context, args, reply) };
    return {
      mget: { run: (context, args, reply) => this.#readAll(context, args, reply) },
      exists: summed,
      touch: summed,
      unlink: summed,
      dbsize: { run: (context, args, reply) => this.#sumOverNodes(context, args, reply) },
      keys: { run: (context, args, reply) => this.#listKeys(context, args, reply) },
      scan: { run: (context, args, reply) => this.#scan(context, args, reply) },
      randomkey: { run: (context, _args, reply) => this.#randomKey(context, reply) },
      flushdb: flushing,
      flushall: flushing,
      swapdb: { run: (context, args, reply) => this.#swap(context, args, reply) },
      "script|flush": { run: (context, args, reply) => this.#flushScripts(context, args, reply) },
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

  /**
   * Asks each owner for its keys only. `take` gets the reply of a part and the argument numbers of its keys. A part whose
   * node has handed over slots meanwhile is asked for anew.
   */
  #askOwners(
    context: Context,
    args: Arguments,
    { take, end }: { take: (reply: Uint8Array, indexes: readonly number[]) => void; end: (error?: string) => void },
  ): void {
    let left = 0;
    let isOver = false;
    const finish = (error?: string): void => {
      if (isOver) return;
      isOver = true;
      end(error);
    };
    const { monotonicMs } = context.server.environment;
    const overdueMs = monotonicMs() + context.server.settings.values["cluster-node-timeout"];
    const ask = (keys: readonly number[]): void => {
      const refusal = refusalOf(this.#view, args, keys);
      if (refusal !== undefined) return finish(refusal);
      for (const [owner, indexes] of byOwner(this.#view, args, keys)) {
        left++;
        const part = this.#partOf(context, [args.bytes(0), ...indexes.map((index) => args.bytes(index))]);
        this.#nodes.ask(owner, part, (reply) => {
          left--;
          if (isOver) return;
          if (reply === undefined) return finish(notAnswering(this.#view.names[owner] as string));
          if (isNotOwner(reply, 0) && monotonicMs() < overdueMs) {
            left++;
            setTimeout(() => {
              left--;
              ask(indexes);
            }, movedPauseMs);
            return;
          }
          if (reply[0] === minus) return finish(errorText(reply));
          take(new Uint8Array(reply), indexes);
          if (left === 0) finish();
        });
      }
    };
    ask(Array.from({ length: args.count - 1 }, (_, index) => index + 1));
  }

  #readAll(context: Context, args: Arguments, reply: DeferredReply): void {
    const kept = args.copy();
    const elements: Uint8Array[] = [];
    this.#askOwners(context, kept, {
      take: (part, indexes) => {
        const own = elementsOf(part);
        for (const [place, index] of indexes.entries()) elements[index - 1] = own[place] as Uint8Array;
      },
      end: (error) => {
        if (error !== undefined) return this.#refuse(context, reply, error);
        reply.answer((writer) => {
          writer.array(elements.length);
          for (const element of elements) writer.raw(element);
        });
      },
    });
  }

  #sumOverKeys(context: Context, args: Arguments, reply: DeferredReply): void {
    const kept = args.copy();
    let sum = 0;
    this.#askOwners(context, kept, {
      take: (part) => {
        sum += integerOf(part);
      },
      end: (error) => {
        if (error !== undefined) return this.#refuse(context, reply, error);
        reply.answer((writer) => writer.integer(sum));
      },
    });
  }

  /** Asks all nodes that own slots, until they agree with this one on who owns which: no slot is asked for twice, or left out. */
  #askAll(context: Context, args: Arguments, done: (replies: NodeReplies) => void): void {
    const part = { ...this.#partOf(context, wordsOf(args)), isOfAllSlots: true };
    this.#untilAgreed(context, (end) => this.#nodes.runOnAll(part, end), done);
  }

  /** Asks anew while nodes know other owners of slots than this one. */
  #untilAgreed(
    { server: { environment, settings } }: Context,
    ask: (end: (replies: NodeReplies) => void) => void,
    done: (replies: NodeReplies) => void,
  ): void {
    const overdueMs = environment.monotonicMs() + settings.values["cluster-node-timeout"];
    const attempt = (): void =>
      ask((replies) => {
        const hasChanged = "error" in replies && replies.error === routeErrors.ownersChanged;
        if (hasChanged && environment.monotonicMs() < overdueMs) setTimeout(attempt, movedPauseMs);
        else done(replies);
      });
    attempt();
  }

  #sumOverNodes(context: Context, args: Arguments, reply: DeferredReply): void {
    this.#askAll(context, args, this.#finish(context, reply, writeSum));
  }

  /** Somebody who wants to empty a node that joins must not empty the ring. */
  #flush(context: Context, args: Arguments, reply: DeferredReply): void {
    const { isInRing, names, owning, primaryOf, seat, self } = this.#view;
    // It would wait, and then be carried out by the ring that has taken the node in.
    if (!isInRing) return this.#refuse(context, reply, routeErrors.noRing);
    if (seat?.holdsStrayKeys !== true || owning.includes(primaryOf(self)))
      return this.#acknowledge(context, args, reply);
    this.#refuse(
      context,
      reply,
      `ERR this node owns no hash slots, and holds keys from before it came to the ring. ${args.text(0).toUpperCase()} would leave them, ` +
        `and empty the whole ring: for that, send it to ${owning.map((node) => names[node]).join(", ")}. ` +
        "To empty this node, stop it, move its folder away and start it again",
    );
  }

  #acknowledge(context: Context, args: Arguments, reply: DeferredReply): void {
    if (this.#refuseIfGone(context, reply, this.#view.owning)) return;
    this.#askAll(context, args, this.#finish(context, reply, this.#writeOne));
  }

  #swap(context: Context, args: Arguments, reply: DeferredReply): void {
    if (this.#view.seat !== undefined) this.#refuse(context, reply, noSwap);
    else this.#acknowledge(context, args, reply);
  }

  /** Replicas have scripts, too. A node of a place without slots is asked, but it may be away: nobody may ever have heard it. */
  #flushScripts(context: Context, args: Arguments, reply: DeferredReply): void {
    const { nodes, owning, primaryOf } = this.#view;
    const needed = nodes.filter((node) => owning.includes(primaryOf(node)));
    if (this.#refuseIfGone(context, reply, needed)) return;
    const part = this.#partOf(context, wordsOf(args));
    this.#nodes.runOnReachable(part, this.#finish(context, reply, this.#writeOne), needed);
  }

  /** When one node cannot be asked, no node is: a partial effect would be worse. */
  #refuseIfGone(context: Context, reply: DeferredReply, nodes: readonly number[]): boolean {
    const gone = nodes.find((node) => !this.#view.isReachable(node));
    if (gone !== undefined) this.#refuse(context, reply, notAnswering(this.#view.names[gone] as string));
    return gone !== undefined;
  }

  readonly #writeOne: WriteReply = (writer, replies) => {
    const [first] = replies.values();
    writer.raw(replies.get(this.#view.self) ?? (first as Uint8Array));
  };

  #listKeys(context: Context, args: Arguments, reply: DeferredReply): void {
    this.#askAll(
      context,
      args,
      this.#finish(context, reply, (writer, replies) => {
        const names = [...replies.values()].flatMap(elementsOf);
        writer.array(names.length);
        for (const name of names) writer.raw(name);
      }),
    );
  }

  /** Scans one node at a time; the cursor contains the node and the node's own cursor. */
  #scan(context: Context, args: Arguments, reply: DeferredReply): void {
    const kept = args.copy();
    const write = (next: number): WriteReply => {
      return (writer, replies) => {
        const [part] = replies.values();
        writer.array(2);
        writer.bulkInteger(next);
        writer.raw(elementsOf(part as Uint8Array)[1] as Uint8Array);
      };
    };
    let next = 0;
    const ask = (end: (replies: NodeReplies) => void): void => {
      const { owning, placesSum, seat } = this.#view;
      // A place on the ring keeps its number, whichever node serves it.
      const place = this.#readPlace(kept);
      if (typeof place === "string") return end({ error: place });
      const words = wordsOf(kept);
      words[1] = String(place.cursor);
      const node = owning[place.node] as number;
      const part = { ...this.#partOf(context, words), isOfAllSlots: true };
      this.#nodes.run(new Map([[node, part]]), (replies) => {
        if (!("error" in replies)) {
          const cursor = numberIn(elementsOf(replies.get(node) as Uint8Array)[0] as Uint8Array);
          const joined = joinCursor({ node: place.node, cursor }, owning.length);
          next = seat === undefined ? joined : markCursor(joined, placesSum);
        }
        end(replies);
      });
    };
    this.#untilAgreed(context, ask, (replies) => this.#finish(context, reply, write(next))(replies));
  }

  /** Where a client's SCAN goes on, or the error that a single server would answer. */
  #readPlace(args: Arguments): ScanPlace | string {
    const { owning, placesSum, seat } = this.#view;
    try {
      readCursor(args, 1);
    } catch (error) {
      if (error instanceof CommandError) return error.message;
      throw error;
    }
    const text = args.latin1(1);
    return (
      splitCursor(seat === undefined ? text : unmarkCursor(text, placesSum), owning.length) ?? errors.invalidCursor
    );
  }

  /** Every key is equally likely: a node is chosen by its number of keys. */
  #randomKey(context: Context, reply: DeferredReply): void {
    const { random } = context.server.environment;
    const partOf = (word: string): PartialCommand => ({ ...this.#partOf(context, [word]), isOfAllSlots: true });
    const ask = (end: (replies: NodeReplies) => void): void =>
      this.#nodes.runOnAll(partOf("DBSIZE"), (sizes) => {
        if ("error" in sizes) return end(sizes);
        const counts = [...sizes].map(([node, size]): [number, number] => [node, integerOf(size)]);
        let left = random() * counts.reduce((sum, [, count]) => sum + count, 0);
        const [chosen] = counts.find(([, count]) => (left -= count) < 0) ?? [this.#view.owning[0] as number];
        this.#nodes.run(new Map([[chosen, partOf("RANDOMKEY")]]), end);
      });
    this.#untilAgreed(context, ask, this.#finish(context, reply, this.#writeOne));
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
