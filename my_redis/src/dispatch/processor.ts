import type { Arguments } from "../protocol/arguments.ts";
import { CommandError, errors } from "../protocol/command-error.ts";
import { latin1Text } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Server } from "../server.ts";
import type { SettingValues } from "../settings/settings.ts";
import type { Transaction } from "./client.ts";
import type { Command } from "./command.ts";
import type { Context } from "./context.ts";
import { DurationHistogram } from "./observers/duration-histogram.ts";
import { postponed } from "./checks/policies.ts";
import { holdBackReply } from "./reply-mode.ts";

/** Of the brief commands one call in this many is timed, and counts as many times. */
const timingSample = 64;
/** Its first calls are timed all, so that something is known of a command that is seldom used. */
const timedFirstCalls = 16;
/** Who wants to hear of commands that took less than this wants to hear of brief ones, too: then all are timed. */
const briefMicroseconds = 1000;
/** The clock of a turn may be behind by this much. */
const clockToleranceMs = 0.2;

/**
 * The way of every command: found in the table, checked by policies that read its flags, queued by MULTI or run, and
 * logged when it changed data.
 */
export class CommandProcessor {
  readonly #server: Server;
  #calls = 0;
  /** What commands have taken since the clock was last set after one of them. */
  #sinceClockMs = 0;
  #timingMask = timingSample - 1;
  /** Commands that took as long are told to the slow log and the latency monitor. */
  #slowMicroseconds = Number.POSITIVE_INFINITY;

  constructor(server: Server) {
    this.#server = server;
    const { settings } = server;
    for (const name of ["slowlog-log-slower-than", "latency-monitor-threshold"] as const) {
      settings.onChange(name, () => this.#setSlowness(settings.values));
    }
    this.#setSlowness(settings.values);
  }

  #setSlowness(values: SettingValues): void {
    const forLog = values["slowlog-log-slower-than"];
    const forMonitor = values["latency-monitor-threshold"] * 1000;
    const never = Number.POSITIVE_INFINITY;
    this.#slowMicroseconds = Math.min(forLog < 0 ? never : forLog, forMonitor === 0 ? never : forMonitor);
    this.#timingMask = this.#slowMicroseconds < briefMicroseconds ? 0 : timingSample - 1;
  }

  /** Runs one request of a client and writes its reply, and what follows from it to others. */
  process(context: Context, args: Arguments, reply: ReplyWriter): void {
    const server = this.#server;
    const client = context.client;
    reply.protocol = client.protocol;
    const found = this.resolve(args);
    if (typeof found === "string") {
      if (this.#isWebRequest(context, args)) return;
      if (client.relaying?.mustWait(args) === true) return;
      this.#refuse(context, args, undefined, reply, found);
      return;
    }
    client.lastCommand = found;
    const refusal = this.#checkPolicies(context, found, args);
    if (refusal !== undefined) {
      if (refusal === postponed || client.relaying?.mustWait(args) === true) return;
      this.#refuse(context, args, found, reply, refusal);
      return;
    }
    if (server.router !== undefined) {
      const refusal = server.router.route(context, found, args);
      if (refusal !== undefined) {
        if (refusal !== postponed) this.#refuse(context, args, found, reply, refusal);
        return;
      }
    }
    if (client.transaction !== undefined && !runsAtOnce(found)) {
      this.#queue(context, found, args, reply);
      return;
    }
    const start = reply.length;
    const log = server.log;
    log?.beginUnit();
    this.call(context, found, args, reply);
    log?.endUnit();
    if (client.replyMode !== "on") holdBackReply(client, reply, start, found);
    if (client.tracking !== undefined) server.tracking.commandEnded(client, found);
    if (server.pubSub.hasDeliveries) server.pubSub.deliver();
    if (server.blocking.hasReady) {
      server.serveBlocked();
      server.pubSub.deliver();
    }
  }

  /**
   * A web page can make a browser send a request to a server that it cannot read from; its body would be commands.
   * Redis's guard: what begins like HTTP ends the connection.
   */
  #isWebRequest({ client }: Context, args: Arguments): boolean {
    if (!args.is(0, "post") && !args.is(0, "host:")) return false;
    const { environment } = this.#server;
    environment.report("warning", `a web request from ${client.channel.remoteAddress} was cut off`);
    client.channel.kill();
    return true;
  }

  /** Puts a request into the client's transaction, within the limit on what he may make us hold. */
  #queue(context: Context, found: Command, args: Arguments, reply: ReplyWriter): void {
    const transaction = context.client.transaction as Transaction;
    const limit = this.#server.settings.values["client-query-buffer-limit"];
    const copy = args.copy();
    transaction.queuedBytes += copy.buffer.length;
    if (transaction.queuedBytes > limit) {
      transaction.queued.length = 0;
      const message = `ERR the commands queued by MULTI exceed client-query-buffer-limit, ${limit} bytes`;
      this.#refuse(context, args, found, reply, message);
      return;
    }
    const start = reply.length;
    transaction.queued.push({ command: found, args: copy });
    reply.queued();
    holdBackReply(context.client, reply, start);
  }

  /** The command or subcommand that the arguments name with the right number of arguments, or the error. */
  resolve(args: Arguments): Command | string {
    const table = this.#server.commands;
    let found = table.find(args);
    if (found === undefined) return unknownCommand(args);
    if (found.subcommands !== undefined && args.count > 1) {
      const subcommand = table.findSubcommand(found, args);
      if (subcommand === undefined) return errors.unknownSubcommand(args.latin1(1).slice(0, 128), found.name);
      found = subcommand;
    }
    const arity = found.arity;
    if ((arity > 0 && args.count !== arity) || args.count < -arity || found.run === undefined) {
      return errors.wrongArity(found.fullName);
    }
    return found;
  }

  #checkPolicies(context: Context, found: Command, args: Arguments): string | undefined {
    for (const policy of this.#server.policies) {
      const refusal = policy(context, found, args);
      if (refusal === undefined) continue;
      const { dataPolicies, router } = this.#server;
      if (router !== undefined && dataPolicies.has(policy) && router.isElsewhere(context, found, args)) continue;
      return refusal;
    }
    return undefined;
  }

  #refuse(context: Context, args: Arguments, found: Command | undefined, reply: ReplyWriter, message: string): void {
    const { client } = context;
    const start = reply.length;
    if (found !== undefined) found.statistics.rejectedCalls++;
    if (args.is(0, "exec")) {
      // An EXEC that cannot run gives the transaction up.
      client.transaction = undefined;
      this.#server.unwatch(client);
      const aborted = `EXECABORT Transaction discarded because of: ${message.replace(/^ERR /, "")}`;
      this.writeError(reply, isForCluster(message) ? message : aborted);
    } else {
      if (client.transaction !== undefined) client.transaction.aborted = true;
      this.writeError(reply, message);
    }
    holdBackReply(client, reply, start);
  }

  /** Runs a command that has passed its checks, answers its error, and logs what it changed. */
  call(context: Context, found: Command, args: Arguments, reply: ReplyWriter): void {
    const server = this.#server;
    const keyspace = server.keyspace;
    const dirtyBefore = keyspace.dirty;
    const replyStart = reply.length;
    const outerCommand = context.command;
    context.command = found;
    context.logged = undefined;
    context.replaced.clear();
    const timed = this.#callsTimed(found);
    const startedMs = timed === 0 ? 0 : server.environment.monotonicMs();
    const database = context.client.database;
    const { snapshot } = keyspace;
    const outerWriting = snapshot?.writing === true;
    if (snapshot !== undefined) snapshot.writing = found.isWrite;
    try {
      (found.run as NonNullable<Command["run"]>)(context, args, reply);
    } catch (error) {
      reply.length = replyStart;
      found.statistics.failedCalls++;
      this.writeError(reply, this.#messageOf(error, found));
    }
    context.command = outerCommand;
    if (server.monitors.areThere) server.monitors.tell(context, found, args);
    const { tracking } = context.client;
    if (tracking !== undefined) server.tracking.remember(tracking, found, args);
    if (snapshot !== undefined) snapshot.writing = outerWriting;
    // A command that waits is counted once, when it gets its reply, however often it has been tried.
    if (context.client.blocked === undefined || reply.length > replyStart) this.count(found);
    if (timed > 0) this.#addTime(context, found, args, server.environment.monotonicMs() - startedMs, timed);
    if (keyspace.dirty !== dirtyBefore && server.log !== undefined) this.#log(context, database, args);
  }

  /** For how many calls this one stands when it is timed; 0 for one that is not. */
  #callsTimed(found: Command): number {
    if (!found.isBrief || found.statistics.calls < timedFirstCalls) return 1;
    return (++this.#calls & this.#timingMask) === 0 ? this.#timingMask + 1 : 0;
  }

  /** Counts a command that has got its reply. */
  count(found: Command): void {
    found.statistics.calls++;
    this.#server.statistics.commandsProcessed++;
  }

  #addTime(context: Context, found: Command, args: Arguments, elapsedMs: number, calls: number): void {
    const server = this.#server;
    const microseconds = elapsedMs * 1000;
    const { statistics } = found;
    statistics.microseconds += microseconds * calls;
    if (server.settings.values["latency-tracking"]) {
      statistics.durations ??= new DurationHistogram();
      statistics.durations.add(microseconds * 1000, calls);
    }
    // After anything that took long, the clock of the turn is behind. To read it costs as much as a short command.
    this.#sinceClockMs += elapsedMs;
    if (this.#sinceClockMs >= clockToleranceMs) {
      this.#sinceClockMs = 0;
      server.updateClock();
    }
    if (microseconds < this.#slowMicroseconds) return;
    server.slowLog.note(context, found, args, microseconds);
    server.latency.note(found.flagSet.has("fast") ? "fast-command" : "command", elapsedMs, server.nowMs);
  }

  #log(context: Context, database: number, args: Arguments): void {
    const log = this.#server.log;
    if (log === undefined) return;
    if (context.logged === undefined) {
      if (context.replaced.count === 0) log.appendRequest(database, args);
      else log.appendReplacing(database, args, context.replaced);
      return;
    }
    for (const words of context.logged) log.append(database, words);
    context.logged = undefined;
  }

  #messageOf(error: unknown, found: Command): string {
    if (error instanceof CommandError) return error.message;
    this.#server.statistics.unexpectedErrors++;
    this.#server.environment.report("error", `${found.fullName} failed unexpectedly`, error);
    return `ERR internal error in '${found.fullName}' command`;
  }

  /** Writes an error reply and counts it. */
  writeError(reply: ReplyWriter, message: string): void {
    this.#server.statistics.countError(message);
    reply.error(message);
  }
}

/** Whether a command runs although MULTI has begun a transaction. UNWATCH is queued. */
export const runsAtOnce = (found: Command): boolean => found.insideMulti !== "queue";

/** What cluster-aware clients look for at the start of an error, also in place of what EXEC answers. */
const isForCluster = (message: string): boolean => /^(CROSSSLOT|CLUSTERDOWN|MOVED) /.test(message);

/** Redis prints the client's words as C strings: up to a zero byte, and up to 128 bytes in all. */
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
