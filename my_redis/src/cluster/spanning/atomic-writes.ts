import type { Context } from "../../dispatch/context.ts";
import { Refusal } from "../../dispatch/outcome.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { errors } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { DeferredReply, SpanningCommand } from "../spanning-command.ts";
import type { Operation, OperationKind } from "../transaction/transaction-message.ts";
import type { WritePlan, Writes } from "../transaction/write-plan.ts";
import { refusalOf } from "./key-owners.ts";
import { replyFailure } from "./write-replies.ts";

const nothing = new Uint8Array(0);

/** The replies of a command: after its success, and when a check of "absent" failed. */
interface WriteReplies {
  done(reply: ReplyWriter, count: number): void;
  exists(reply: ReplyWriter): void;
}

const okReplies: WriteReplies = { done: (reply) => reply.ok(), exists: (reply) => reply.ok() };
const oneOrZero: WriteReplies = { done: (reply) => reply.integer(1), exists: (reply) => reply.integer(0) };
const countReplies: WriteReplies = {
  done: (reply, count) => reply.integer(count),
  exists: (reply) => reply.integer(0),
};

/** MSET, MSETNX, DEL, RENAME and RENAMENX of keys that several nodes own: all nodes carry it out, or none does. */
export class AtomicWrites {
  readonly #view: ClusterView;
  readonly #writes: Writes;

  constructor(view: ClusterView, writes: Writes) {
    this.#view = view;
    this.#writes = writes;
  }

  get commands(): Record<string, SpanningCommand> {
    return {
      mset: { run: (context, args, reply) => this.#setAll(context, args, reply, "set") },
      msetnx: { run: (context, args, reply) => this.#setAll(context, args, reply, "set-absent") },
      del: { run: (context, args, reply) => this.#deleteAll(context, args, reply) },
      rename: { run: (context, args, reply) => this.#rename(context, args, reply, "put") },
      renamenx: { run: (context, args, reply) => this.#rename(context, args, reply, "put-absent") },
    };
  }

  #setAll(context: Context, args: Arguments, reply: DeferredReply, kind: "set" | "set-absent"): void {
    if (args.count % 2 === 0) {
      const name = kind === "set" ? "mset" : "msetnx";
      reply.answer((writer) => context.server.processor.writeError(writer, errors.wrongArity(name)));
      return;
    }
    const keys: number[] = [];
    for (let index = 1; index < args.count; index += 2) keys.push(index);
    const operation = (index: number): Operation => operationOf(kind, args.bytes(index), args.bytes(index + 1));
    const plan = { database: context.client.database, first: keys.map(operation) };
    this.#begin(context, { args, keys, plan, replies: kind === "set" ? okReplies : oneOrZero }, reply);
  }

  #deleteAll(context: Context, args: Arguments, reply: DeferredReply): void {
    // A key that is named twice is deleted, and counted, once.
    const keys = new Map<string, number>();
    for (let index = 1; index < args.count; index++) keys.set(args.latin1(index), index);
    const operation = (index: number): Operation => operationOf("delete", args.bytes(index), nothing);
    const plan = { database: context.client.database, first: [...keys.values()].map(operation) };
    this.#begin(context, { args, keys: keys.values(), plan, replies: countReplies }, reply);
  }

  #rename(context: Context, args: Arguments, reply: DeferredReply, kind: "put" | "put-absent"): void {
    const key = args.bytes(2);
    const plan: WritePlan = {
      database: context.client.database,
      first: [operationOf("take", args.bytes(1), nothing)],
      second: { key, operation: ({ payload, expiryMs }) => ({ kind, key, value: payload, expiryMs }) },
    };
    this.#begin(context, { args, keys: [1, 2], plan, replies: kind === "put" ? okReplies : oneOrZero }, reply);
  }

  #refusalOf({ args, keys }: { args: Arguments; keys: Iterable<number> }): string | undefined {
    // On a ring that agrees another node may take over: the write waits for it.
    return this.#view.seat === undefined ? refusalOf(this.#view, args, keys) : undefined;
  }

  #begin(
    context: Context,
    write: { args: Arguments; keys: Iterable<number>; plan: WritePlan; replies: WriteReplies },
    reply: DeferredReply,
  ): void {
    const { server } = context;
    const refusal = this.#refusalOf(write);
    if (refusal !== undefined) {
      reply.answer((writer) => server.processor.writeError(writer, refusal));
      return;
    }
    const found = server.processor.resolve(write.args);
    this.#writes.begin(write.plan, (result) => {
      if (!(found instanceof Refusal)) server.processor.count(found);
      reply.answer((writer) => {
        if (result.type === "done") write.replies.done(writer, result.count);
        else replyFailure(server, result, writer, write.replies.exists);
      });
    });
  }
}

const operationOf = (kind: OperationKind, key: Uint8Array, value: Uint8Array): Operation => ({
  kind,
  key,
  value,
  expiryMs: -1,
});
