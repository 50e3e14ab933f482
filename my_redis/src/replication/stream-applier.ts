import type { Context, Services } from "../dispatch/context.ts";
import { Refusal } from "../dispatch/outcome.ts";
import { mustWaitForSnapshot } from "../persistence/snapshot/unit-of-another.ts";
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

/** Requests that run together, and their bytes in the stream. */
interface Unit {
  readonly requests: Arguments[];
  readonly bytes: Uint8Array[];
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
  /** Since MULTI. */
  #unit: Unit | undefined;
  #waiting: Unit | undefined;
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

  /** The connection has ended: what waits was not applied, and comes again. */
  end(): void {
    this.#waiting = undefined;
  }

  /** A unit waits until a snapshot has taken large values that the unit changes: `goOn` is to be called. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Applies what is whole. False: see `problem`. */
  feed(chunk: Uint8Array): boolean {
    this.#parser.feed(chunk);
    return this.goOn();
  }

  /** Applies what has waited, and what came after it. False: see `problem`. */
  goOn(): boolean {
    const { keyspace, processor } = this.#options.server;
    const parser = this.#parser;
    // Keys expire by the primary's word: until then its commands find them.
    keyspace.expires = false;
    try {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting !== undefined && !this.#applyUnit(waiting)) return false;
      if (!this.isWaiting && !this.#applyAll()) return false;
      parser.keepRest(this.#args);
    } finally {
      keyspace.expires = true;
    }
    processor.deliverEffects();
    return true;
  }

  #applyAll(): boolean {
    const args = this.#args;
    const parser = this.#parser;
    let result = parser.next(args);
    for (; result === "request"; result = parser.next(args)) {
      if (args.requestEnd <= args.requestStart) return this.#fail("a request that is no array of bulk strings");
      if (!this.#take(args)) return false;
      if (this.isWaiting) return true;
    }
    return result === "incomplete" || this.#fail(result === "error" ? parser.error : "an empty request");
  }

  #fail(problem: string): false {
    this.problem = problem;
    return false;
  }

  #take(args: Arguments): boolean {
    const { buffer, requestStart, requestEnd } = args;
    const isAlone = args.count === 1;
    const unit = this.#unit;
    if (unit !== undefined) {
      unit.bytes.push(buffer.slice(requestStart, requestEnd));
      if (!isAlone || !args.is(0, "exec")) {
        unit.requests.push(args.copy());
        return true;
      }
      this.#unit = undefined;
      return this.#applyUnit(unit);
    }
    if (isAlone && args.is(0, "multi")) {
      this.#unit = { requests: [], bytes: [buffer.slice(requestStart, requestEnd)] };
      return true;
    }
    const asks = args.count >= 2 && args.is(0, "replconf") && args.is(1, "getack");
    const isSnapped = this.#options.server.keyspace.snapshot !== undefined;
    if (isSnapped && !asks && this.#mustWait([args])) {
      this.#waiting = { requests: [args.copy()], bytes: [buffer.slice(requestStart, requestEnd)] };
      return true;
    }
    const { changes } = this.#options.server;
    changes.beginUnit();
    const isDone = asks || this.#run(args);
    changes.endUnit();
    if (!isDone) return false;
    this.#options.applied(buffer, requestStart, requestEnd);
    if (asks) this.#options.asked();
    return true;
  }

  #mustWait(unit: readonly Arguments[]): boolean {
    const { history, server } = this.#options;
    return mustWaitForSnapshot(server, history.database, unit);
  }

  #applyUnit(unit: Unit): boolean {
    if (this.#mustWait(unit.requests)) {
      this.#waiting = unit;
      return true;
    }
    const { changes, cluster, execution, keyspace } = this.#options.server;
    const last = unit.requests.at(-1);
    const isOfMove = last !== undefined && cluster?.seat?.isOfMove(last) === true;
    const run = (): boolean => execution.asUnit(() => unit.requests.every((args) => this.#run(args)));
    changes.beginUnit();
    const isDone = isOfMove ? keyspace.unobserved(run) : run();
    changes.endUnit();
    if (!isDone) return false;
    for (const bytes of unit.bytes) this.#options.applied(bytes, 0, bytes.length);
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
