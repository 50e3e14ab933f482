import type { Context, Services } from "../dispatch/context.ts";
import { Refusal } from "../dispatch/outcome.ts";
import { Arguments } from "../protocol/arguments.ts";
import { ReplyWriter } from "../protocol/reply-writer.ts";
import { RequestParser } from "../protocol/request-parser.ts";
import type { ReplicationHistory } from "./replication-history.ts";

/** The primary has accepted the requests already, so its limits count and not those of this server. */
const requestLimits = { maxBulkBytes: 2 ** 32, maxQueryBufferBytes: Number.POSITIVE_INFINITY };
const minus = 45;
/** Limit on the reported errors of one connection. */
const maxReportedErrors = 10;

export interface StreamApplierOptions {
  readonly server: Services;
  readonly history: ReplicationHistory;
  /** bytes[start, end) of the stream have been applied. */
  readonly applied: (bytes: Uint8Array, start: number, end: number) => void;
  /** The primary asks how far this replica is. */
  readonly asked: () => void;
}

/**
 * Runs the commands of a primary's stream. The commands of a transaction run together, once its EXEC has arrived: no
 * client sees a part, and a connection that breaks in the middle leaves nothing half done.
 */
export class StreamApplier {
  /** Why the stream cannot be applied further. */
  problem = "";
  readonly #options: StreamApplierOptions;
  readonly #args = new Arguments();
  readonly #reply = new ReplyWriter();
  #parser = new RequestParser(requestLimits);
  #context: Context | undefined;
  /** The requests since MULTI, and their bytes. */
  #unit: Arguments[] | undefined;
  #unitBytes: Uint8Array[] = [];
  #errors = 0;

  constructor(options: StreamApplierOptions) {
    this.#options = options;
  }

  /** A connection begins. Its first request follows what was applied last. */
  begin(context: Context): void {
    this.#context = context;
    context.select(this.#options.history.database);
    this.#parser = new RequestParser(requestLimits);
    this.#unit = undefined;
    this.#errors = 0;
  }

  /** Applies what is whole. False: see `problem`. */
  feed(chunk: Uint8Array): boolean {
    const { keyspace, processor } = this.#options.server;
    const args = this.#args;
    const parser = this.#parser;
    parser.feed(chunk);
    // Keys expire by the primary's word: until then its commands find them.
    keyspace.expires = false;
    try {
      let result = parser.next(args);
      for (; result === "request"; result = parser.next(args)) {
        if (args.requestEnd <= args.requestStart) return this.#fail("a request that is no array of bulk strings");
        if (!this.#take(args)) return false;
      }
      if (result !== "incomplete") return this.#fail(result === "error" ? parser.error : "an empty request");
      parser.keepRest(args);
    } finally {
      keyspace.expires = true;
    }
    processor.deliverEffects();
    return true;
  }

  #fail(problem: string): false {
    this.problem = problem;
    return false;
  }

  #take(args: Arguments): boolean {
    const { buffer, requestStart, requestEnd } = args;
    const isAlone = args.count === 1;
    if (this.#unit !== undefined) {
      this.#unitBytes.push(buffer.slice(requestStart, requestEnd));
      if (isAlone && args.is(0, "exec")) return this.#applyUnit(this.#unit);
      this.#unit.push(args.copy());
      return true;
    }
    if (isAlone && args.is(0, "multi")) {
      this.#unit = [];
      this.#unitBytes = [buffer.slice(requestStart, requestEnd)];
      return true;
    }
    const asks = args.count >= 2 && args.is(0, "replconf") && args.is(1, "getack");
    const { changes } = this.#options.server;
    changes.beginUnit();
    const isDone = asks || this.#run(args);
    changes.endUnit();
    if (!isDone) return false;
    this.#options.applied(buffer, requestStart, requestEnd);
    if (asks) this.#options.asked();
    return true;
  }

  #applyUnit(unit: readonly Arguments[]): boolean {
    const { changes, execution } = this.#options.server;
    changes.beginUnit();
    const isDone = execution.asUnit(() => unit.every((args) => this.#run(args)));
    changes.endUnit();
    this.#unit = undefined;
    if (!isDone) return false;
    for (const bytes of this.#unitBytes) this.#options.applied(bytes, 0, bytes.length);
    this.#unitBytes = [];
    return true;
  }

  #run(args: Arguments): boolean {
    const { cluster, observerList, processor } = this.#options.server;
    const context = this.#context as Context;
    const reply = this.#reply;
    cluster?.seat?.took(args);
    if (observerList.count > 0) observerList.starting(context.client);
    const command = processor.resolve(args);
    if (command instanceof Refusal) return this.#answeredWithError(args, command.message);
    processor.call(context, command, args, reply);
    this.#options.history.database = context.client.database;
    const failed = reply.length > 0 && reply.bytes[0] === minus;
    const text = failed ? Buffer.from(reply.bytes.subarray(1, reply.length - 2)).toString("latin1") : "";
    reply.clear();
    return failed ? this.#answeredWithError(args, text) : true;
  }

  /** The command succeeded on the primary. If it fails here, the data differ: that is reported, as redis-server does. */
  #answeredWithError(args: Arguments, message: string): boolean {
    const name = args.latin1(0).slice(0, 128);
    // All following commands would change another database.
    if (args.is(0, "select")) return this.#fail(`SELECT ${args.latin1(1)}: ${message} (databases)`);
    if (++this.#errors <= maxReportedErrors) {
      const text = `'${name}' of the primary was answered with an error: ${message}. The data may differ from now on`;
      this.#options.server.environment.report("error", text);
    }
    return true;
  }
}
