import { noChannel } from "../../dispatch/client.ts";
import type { Command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import { outOfMemoryError } from "../../dispatch/checks/memory-limit.ts";
import type { Policy } from "../../dispatch/checks/policies.ts";
import type { LogLevel } from "../../environment.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { ReplicationTargets, ScriptHost, ScriptLogLevel } from "../../scripting/script-host.ts";
import type { Server } from "../../server.ts";

const refusals = {
  unknown: "ERR Unknown Redis command called from script",
  arity: "ERR Wrong number of args calling Redis command from script",
  notAllowed: "ERR This Redis command is not allowed from script",
  readOnly: "ERR Write commands are not allowed from read-only scripts.",
};
const logLevels: readonly LogLevel[] = ["debug", "info", "notice", "warning"];
/** The bit of redis.set_repl that stands for the log. */
const toLog = 1;

/** Runs the commands of scripts, as a client of its own that is in the caller's database. */
export class ScriptCommandHost implements ScriptHost {
  readonly #server: Server;
  readonly #context: Context;
  /** The server's policies when they were last looked at, and those of them that are for commands of scripts. */
  #allPolicies: readonly Policy[] = [];
  #policies: readonly Policy[] = [];
  #readOnly = false;
  /** Memory was short when the script began, and it has not said that it may be run all the same. */
  #outOfMemory = false;
  #written = false;
  #targets: ReplicationTargets = 3;
  /** The time at which the script began: for its commands the clock stands still. */
  #nowMs = 0;

  constructor(server: Server) {
    this.#server = server;
    this.#context = server.addClient(noChannel, "script");
  }

  /** A script begins on behalf of a client. */
  begin(caller: Context, { readOnly, outOfMemory }: { readOnly: boolean; outOfMemory: boolean }): void {
    this.#readPolicies();
    this.#server.cluster?.router.beginScript();
    this.#readOnly = readOnly;
    this.#outOfMemory = outOfMemory;
    this.#written = false;
    this.#targets = 3;
    this.#nowMs = caller.now;
    this.#context.select(caller.client.database);
    this.#context.client.tracking = caller.client.tracking;
  }

  /** Policies come and go, but seldom. */
  #readPolicies(): void {
    const { arrivalPolicies, policies } = this.#server;
    const known = this.#allPolicies;
    if (policies.length === known.length && policies.every((policy, index) => policy === known[index])) return;
    this.#allPolicies = [...policies];
    this.#policies = policies.filter((policy) => !arrivalPolicies.has(policy));
  }

  /** Sets the clock to where it stands for the script; it is the server's business to go on with it afterwards. */
  stopClock(): void {
    this.#server.nowMs = this.#nowMs;
  }

  call(args: Arguments, reply: ReplyWriter): void {
    const { processor } = this.#server;
    const found = processor.resolve(args);
    if (typeof found === "string") {
      return this.#refuse(undefined, found.startsWith("ERR unknown") ? refusals.unknown : refusals.arity, reply);
    }
    const refusal = this.#refusalOf(found, args);
    if (refusal !== undefined) return this.#refuse(found, refusal, reply);
    if (found.isWrite) this.#written = true;
    this.#context.client.protocol = reply.protocol;
    this.#run(found, args, reply);
    this.stopClock();
  }

  #refusalOf(found: Command, args: Arguments): string | undefined {
    if (found.flagSet.has("noscript") && !this.#server.scriptsMayCallAll) return refusals.notAllowed;
    if (this.#readOnly && (found.isWrite || found.mayReplicate !== undefined)) return refusals.readOnly;
    // Once it has written, it is not stopped half-way.
    if (this.#outOfMemory && !this.#written && found.flagSet.has("denyoom")) return outOfMemoryError;
    for (const policy of this.#policies) {
      const refusal = policy(this.#context, found, args);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #refuse(found: Command | undefined, message: string, reply: ReplyWriter): void {
    if (found !== undefined) found.statistics.rejectedCalls++;
    this.#server.processor.writeError(reply, message);
  }

  #run(found: Command, args: Arguments, reply: ReplyWriter): void {
    const server = this.#server;
    const { log } = server;
    if ((this.#targets & toLog) === 0) server.log = undefined;
    server.processor.call(this.#context, found, args, reply);
    server.log = log;
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
    this.#server.statistics.countError(message);
  }
}
