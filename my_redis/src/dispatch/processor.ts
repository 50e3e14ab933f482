import type { Environment } from "../environment.ts";
import { HeapLimitError } from "../memory/heap.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { type Arguments, latin1Text } from "../protocol/arguments.ts";
import { CommandError, errors } from "../protocol/command-error.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Settings } from "../settings/settings.ts";
import type { BlockedClients } from "./blocked-clients.ts";
import type { ChangeLog } from "./change-log.ts";
import type { RequestChecks } from "./checks/request-check.ts";
import type { Transaction } from "./client.ts";
import type { CommandTable } from "./command-table.ts";
import type { Command, CommandRunner, Context, Run } from "./context.ts";
import type { CallTimer } from "./observers/call-timer.ts";
import type { ObserverList } from "./observers/observer-list.ts";
import type { Statistics } from "./observers/statistics.ts";
import { removeEmptyCollections } from "./empty-collections.ts";
import { Refusal } from "./outcome.ts";
import type { PubSub } from "./pub-sub.ts";
import { holdBackReply } from "./reply-mode.ts";
import type { WatchedKeys } from "./watched-keys.ts";

export interface ProcessorOptions {
  readonly blocking: BlockedClients<Context>;
  readonly changes: ChangeLog;
  readonly checks: RequestChecks;
  readonly commands: CommandTable<Command>;
  readonly environment: Environment;
  readonly keyspace: Keyspace;
  readonly observers: ObserverList<Command>;
  readonly pubSub: PubSub;
  readonly settings: Settings;
  readonly statistics: Statistics;
  readonly timer: CallTimer;
  readonly watched: WatchedKeys;
}

/**
 * The way of every command: it is looked up, checked, queued by MULTI or run, shown to the observers, and logged when
 * it changed data.
 */
export class CommandProcessor implements CommandRunner {
  readonly #options: ProcessorOptions;
  // Parts that every request needs, kept as fields to save a look-up.
  readonly #blocking: BlockedClients<Context>;
  readonly #changes: ChangeLog;
  readonly #checks: RequestChecks;
  readonly #keyspace: Keyspace;
  readonly #commands: CommandTable<Command>;
  readonly #environment: Environment;
  readonly #observers: ObserverList<Command>;
  readonly #pubSub: PubSub;
  readonly #statistics: Statistics;
  readonly #timer: CallTimer;

  constructor(options: ProcessorOptions) {
    this.#options = options;
    this.#blocking = options.blocking;
    this.#changes = options.changes;
    this.#commands = options.commands;
    this.#environment = options.environment;
    this.#pubSub = options.pubSub;
    this.#statistics = options.statistics;
    this.#checks = options.checks;
    this.#keyspace = options.keyspace;
    this.#observers = options.observers;
    this.#timer = options.timer;
  }

  /** Runs one request of a client and writes its reply. Then serves other clients that the request concerns. */
  process(context: Context, args: Arguments, reply: ReplyWriter): void {
    if (this.processWithin(context, args, reply)) this.deliverEffects();
  }

  processWithin(context: Context, args: Arguments, reply: ReplyWriter): boolean {
    const { client } = context;
    reply.protocol = client.protocol;
    const found = this.resolve(args);
    if (found instanceof Refusal) {
      if (!this.#isWebRequest(context, args)) this.#refuse(context, args, undefined, reply, found);
      return false;
    }
    client.lastCommand = found;
    const outcome = this.#checks.arriving(context, found, args);
    if (outcome !== "run") {
      if (outcome !== "held") this.#refuse(context, args, found, reply, outcome);
      return false;
    }
    const observers = this.#observers;
    if (observers.count > 0) observers.starting(client);
    if (client.transaction !== undefined && found.insideMulti === "queue") {
      this.#queue(context, found, args, reply);
      return false;
    }
    const start = reply.length;
    const changes = this.#changes;
    changes.beginUnit();
    this.call(context, found, args, reply);
    changes.endUnit();
    if (changes.hasReplicas) client.streamOffset = changes.streamOffset;
    if (client.replyMode !== "on") holdBackReply(client, reply, start, found);
    if (observers.count > 0) observers.done(client, found);
    return true;
  }

  deliverEffects(): void {
    const blocking = this.#blocking;
    const pubSub = this.#pubSub;
    if (pubSub.hasDeliveries) pubSub.deliver();
    if (!blocking.hasReady) return;
    blocking.serve();
    pubSub.deliver();
  }

  /**
   * A malicious web page can make a browser send a request to this server, whose body would then run as commands.
   * Redis's guard: a connection whose request looks like HTTP is closed.
   */
  #isWebRequest({ client }: Context, args: Arguments): boolean {
    if (!args.is(0, "post") && !args.is(0, "host:")) return false;
    this.#environment.report("warning", `a client was disconnected for a web request: ${client.channel.remoteAddress}`);
    client.channel.kill();
    return true;
  }

  /** Puts a request into the client's transaction, unless the transaction exceeds its size limit. */
  #queue(context: Context, found: Command, args: Arguments, reply: ReplyWriter): void {
    const transaction = context.client.transaction as Transaction<Command>;
    const limit = this.#options.settings.values["client-query-buffer-limit"];
    const copy = args.copy();
    transaction.queuedBytes += copy.buffer.length;
    if (transaction.queuedBytes > limit) {
      transaction.queued.length = 0;
      const message = `ERR the commands queued by MULTI exceed client-query-buffer-limit, ${limit} bytes`;
      this.#refuse(context, args, found, reply, new Refusal(message));
      return;
    }
    const start = reply.length;
    transaction.queued.push({ command: found, args: copy });
    reply.queued();
    holdBackReply(context.client, reply, start);
  }

  resolve(args: Arguments): Command | Refusal {
    const table = this.#commands;
    let found = table.find(args);
    if (found === undefined) return new Refusal(unknownCommand(args), "unknown command");
    if (found.subcommands !== undefined && args.count > 1) {
      const subcommand = table.findSubcommand(found, args);
      if (subcommand === undefined) {
        return new Refusal(errors.unknownSubcommand(args.latin1(1).slice(0, 128), found.name), "unknown subcommand");
      }
      found = subcommand;
    }
    const arity = found.arity;
    if ((arity > 0 && args.count !== arity) || args.count < -arity || found.run === undefined) {
      return new Refusal(errors.wrongArity(found.fullName), "arguments", found);
    }
    return found;
  }

  refuse(context: Context, args: Arguments, message: string, reply: ReplyWriter): void {
    const found = this.resolve(args);
    if (found instanceof Refusal) this.#refuse(context, args, undefined, reply, found);
    else this.#refuse(context, args, found, reply, new Refusal(message));
  }

  /** Answers a request that does not run, in its place among the client's requests. */
  #refuse(
    context: Context,
    args: Arguments,
    found: Command | undefined,
    reply: ReplyWriter,
    { command, message }: Refusal,
  ): void {
    const { client } = context;
    if (client.relaying?.holdUntilAnswered(args) === "held") return;
    const start = reply.length;
    const refused = found ?? command;
    if (refused !== undefined) refused.statistics.rejectedCalls++;
    // The command is looked up by name, since `resolve` refuses an EXEC with arguments.
    if (this.#commands.find(args)?.insideMulti === "run the queue") {
      // An EXEC that cannot run discards the transaction.
      client.transaction = undefined;
      this.#options.watched.unwatch(client);
      this.writeError(reply, isForCluster(message) ? message : errors.discarded(message));
    } else {
      if (client.transaction !== undefined) client.transaction.refusal ??= message;
      this.writeError(reply, message);
    }
    holdBackReply(client, reply, start);
  }

  call(context: Context, found: Command, args: Arguments, reply: ReplyWriter): void {
    const keyspace = this.#keyspace;
    const timer = this.#timer;
    const environment = this.#environment;
    const dirtyBefore = keyspace.dirty;
    const replyStart = reply.length;
    const outerCommand = context.command;
    context.command = found;
    context.logged = undefined;
    context.replaced.clear();
    const timed = timer.callsTimed(found);
    const startedMs = timed === 0 ? 0 : environment.monotonicMs();
    const database = context.client.database;
    const { snapshot } = keyspace;
    const outerWriting = snapshot?.writing === true;
    if (snapshot !== undefined) snapshot.writing = found.isWrite && found.keepsElements !== true;
    const statistics = this.#statistics;
    statistics.attributeErrors();
    try {
      (found.run as Run)(context, args, reply);
    } catch (error) {
      reply.length = replyStart;
      this.#failed(error, database, found, args, reply);
    }
    if (statistics.attributeErrors()) found.statistics.failedCalls++;
    context.command = outerCommand;
    if (this.#observers.count > 0) this.#observers.ran(context, found, args);
    if (snapshot !== undefined) snapshot.writing = outerWriting;
    // A blocking command is counted when it begins to wait, and not when it is tried again.
    if (!context.retrying) this.count(found);
    // A command that waits is timed when it is answered.
    const waits = context.client.blocked !== undefined && reply.length === replyStart;
    if (timed > 0 && !waits) timer.add(context.client, found, args, environment.monotonicMs() - startedMs, timed);
    if (keyspace.dirty !== dirtyBefore && this.#changes.isOn) this.#log(context, database, args);
  }

  load(context: Context, found: Command, args: Arguments, reply: ReplyWriter, keyHash?: number): void {
    context.command = found;
    context.logged = undefined;
    try {
      if (keyHash !== undefined && found.load !== undefined && found.load(context, args, keyHash)) return;
      (found.run as Run)(context, args, reply);
    } catch (error) {
      reply.length = 0;
      this.#failed(error, context.client.database, found, args, reply);
    }
  }

  #failed(error: unknown, database: number, found: Command, args: Arguments, reply: ReplyWriter): void {
    const keyspace = this.#keyspace;
    keyspace.releaseUnattached();
    if (!(error instanceof CommandError)) removeEmptyCollections(database, keyspace, found, args);
    this.writeError(reply, this.#messageOf(error, found));
  }

  countUnblocked({ client }: Context): void {
    if (client.blocked === undefined) return;
    const { args, command } = client.blocked;
    command.statistics.failedCalls++;
    this.#timer.add(client, command, args, 0, 1);
  }

  count(found: Command): void {
    found.statistics.calls++;
    this.#statistics.commandsProcessed++;
  }

  #log(context: Context, database: number, args: Arguments): void {
    const changes = this.#changes;
    if (context.logged === undefined) {
      if (context.replaced.count === 0) changes.appendRequest(database, args);
      else changes.appendReplacing(database, args, context.replaced);
      return;
    }
    for (const words of context.logged) changes.append(database, words);
    context.logged = undefined;
  }

  #messageOf(error: unknown, found: Command): string {
    if (error instanceof CommandError) return error.message;
    this.#statistics.unexpectedErrors++;
    if (error instanceof HeapLimitError) {
      this.#environment.report("error", `${found.fullName} got no memory: ${error.message}`);
      return `OOM ${error.message}`;
    }
    this.#environment.report("error", `${found.fullName} failed unexpectedly`, error);
    return `ERR internal error in '${found.fullName}' command`;
  }

  writeError(reply: ReplyWriter, message: string): void {
    this.#statistics.countError(message);
    reply.error(message);
  }
}

/** Cluster-aware clients look for these codes at the start of an error, so that they also replace EXECABORT. */
const isForCluster = (message: string): boolean => /^(CROSSSLOT|CLUSTERDOWN|MOVED) /.test(message);

/** Redis prints the client's words as C strings: up to the first zero byte, and up to 128 bytes in all. */
function unknownCommand(args: Arguments): string {
  let listed = "";
  for (let index = 1; index < args.count && listed.length < 128; index++) {
    listed += `'${textBeforeZero(args, index, 128 - listed.length)}' `;
  }
  return `ERR unknown command '${textBeforeZero(args, 0, 128)}', with args beginning with: ${listed}`;
}

function textBeforeZero(args: Arguments, index: number, maxBytes: number): string {
  const start = args.start(index);
  const text = latin1Text(args.buffer, start, Math.min(args.end(index), start + maxBytes));
  return text.split("\0", 1)[0] as string;
}
