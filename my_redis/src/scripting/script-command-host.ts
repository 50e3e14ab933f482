import type { Command, Context, Services } from "../dispatch/context.ts";
import { outOfMemory } from "../dispatch/checks/memory-limit.ts";
import { Refusal, type Verdict } from "../dispatch/outcome.ts";
import type { LogLevel } from "../environment.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import { claims } from "../version.ts";
import type { ReplicationTargets, ScriptHost, ScriptLogLevel } from "./script-host.ts";

const unknown = "ERR Unknown Redis command called from script";
const wrongArity = "ERR Wrong number of args calling Redis command from script";
const notAllowed = new Refusal("ERR This Redis command is not allowed from script");
const readOnly = new Refusal("ERR Write commands are not allowed from read-only scripts.");
const logLevels: readonly LogLevel[] = ["debug", "info", "notice", "warning"];
/** The bit of redis.set_repl that stands for the log. */
const toLog = 1;

/** Runs the commands of scripts through a pseudo client, which selects the caller's database. */
export class ScriptCommandHost implements ScriptHost {
  readonly redisVersion: string;
  readonly #server: Services;
  readonly #context: Context;
  #readOnly = false;
  /** Memory was short when the script began, and the script lacks the flag that allows it to run then. */
  #outOfMemory = false;
  #written = false;
  #targets: ReplicationTargets = 3;
  /** When the script began: the clock stands still for its commands. */
  #nowMs = 0;

  constructor(server: Services) {
    this.#server = server;
    this.redisVersion = claims[server.settings.values.compatibility].redisVersion;
    this.#context = server.clients.addPseudo("script");
  }

  /** A script begins on behalf of a client. */
  begin(caller: Context, { readOnly, outOfMemory }: { readOnly: boolean; outOfMemory: boolean }): void {
    this.#server.cluster?.beginScript();
    this.#readOnly = readOnly;
    this.#outOfMemory = outOfMemory;
    this.#written = false;
    this.#targets = 3;
    this.#nowMs = caller.now;
    this.#context.select(caller.client.database);
    this.#context.client.tracking = caller.client.tracking;
  }

  /** Sets the clock to the moment at which the script began. The caller updates the clock when the script has ended. */
  stopClock(): void {
    this.#server.clock.setTo(this.#nowMs);
  }

  call(args: Arguments, reply: ReplyWriter): void {
    const { processor } = this.#server;
    const found = processor.resolve(args);
    if (found instanceof Refusal) {
      if (found.command !== undefined) found.command.statistics.rejectedCalls++;
      this.#refuse(reply, found.reason === "arguments" ? wrongArity : unknown);
      return;
    }
    const verdict = this.#verdictOn(found, args);
    if (verdict !== "run") {
      found.statistics.rejectedCalls++;
      this.#refuse(reply, verdict.message);
      return;
    }
    if (found.isWrite) this.#written = true;
    this.#context.client.protocol = reply.protocol;
    this.#run(found, args, reply);
    this.stopClock();
  }

  /** The error belongs to the command that is refused, and not to the script. */
  #refuse(reply: ReplyWriter, message: string): void {
    const { observers, processor } = this.#server;
    processor.writeError(reply, message);
    observers.statistics.attributeErrors();
  }

  #verdictOn(found: Command, args: Arguments): Verdict {
    const { checks, execution } = this.#server;
    if (found.flagSet.has("noscript") && !execution.scriptsMayCallAll) return notAllowed;
    if (this.#readOnly && (found.isWrite || found.mayReplicate !== undefined)) return readOnly;
    // A script that has written is not stopped half-way.
    if (this.#outOfMemory && !this.#written && found.flagSet.has("denyoom")) return outOfMemory;
    return checks.within(this.#context, found, args);
  }

  #run(found: Command, args: Arguments, reply: ReplyWriter): void {
    const { changes, processor } = this.#server;
    const call = (): void => processor.call(this.#context, found, args, reply);
    if (this.#targets === 3) call();
    else if (this.#targets === 0) changes.without(call);
    else changes.onlyFor(this.#targets === toLog ? "log" : "replicas", call);
  }

  mayRun(args: Arguments): boolean | undefined {
    return this.#server.commands.find(args) === undefined ? undefined : true;
  }

  log(level: ScriptLogLevel, message: string): void {
    this.#server.environment.report(logLevels[level] as LogLevel, message);
  }

  setReplication(targets: ReplicationTargets): void {
    this.#targets = targets;
  }

  hasWritten(): boolean {
    return this.#written;
  }

  countError(message: string): void {
    this.#server.observers.statistics.countError(message);
  }
}
