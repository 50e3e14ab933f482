import type { Command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import type { SuspendedUnit } from "../../persistence/aof/command-log.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Script } from "../../scripting/script-cache.ts";
import { ScriptEngine, type RunOutcome } from "../../scripting/script-engine.ts";
import type { Server } from "../../server.ts";
import { ScriptCommandHost } from "./script-command-host.ts";

/** What all scripts of a server may take together, and what their VM keeps when they are done. */
const maxMemoryBytes = 256 * 1024 * 1024;
const keepMemoryBytes = 64 * 1024 * 1024;

const unkillable =
  "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script " +
  "termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.";

/** What a client asks a script to be run with. */
export interface EvalCall {
  readonly args: Arguments;
  readonly keyCount: number;
  /** It must not write: EVAL_RO. */
  readonly readOnly: boolean;
}

/** A script that has passed its time, between two turns. */
interface PausedScript {
  readonly caller: Context;
  /** EVAL, or one of its kin. */
  readonly command: Command | undefined;
  readonly unit: SuspendedUnit | undefined;
}

/** Runs the scripts of one server: at once, or over many turns when one takes longer than busy-reply-threshold. */
export class ScriptRunner {
  readonly engine: ScriptEngine;
  readonly #server: Server;
  readonly #host: ScriptCommandHost;
  readonly #reply = new ReplyWriter();
  #paused: PausedScript | undefined;

  constructor(server: Server) {
    this.#server = server;
    this.#host = new ScriptCommandHost(server);
    this.engine = new ScriptEngine(this.#host, {
      monotonicMs: server.environment.monotonicMs,
      limitMs: () => server.settings.values["busy-reply-threshold"],
      maxMemoryBytes,
      keepMemoryBytes,
    });
    server.addInfo("memory", () => [
      ["used_memory_lua", this.engine.memory.vmBytes],
      ["used_memory_vm_eval", this.engine.memory.vmBytes],
      ["used_memory_scripts_eval", this.engine.memory.scriptBytes],
      ["number_of_cached_scripts", this.engine.scriptCount],
    ]);
  }

  /** Runs a script with `keyCount` keys from argument 3 on. Its reply may come in a later turn. */
  run(caller: Context, script: Script, call: EvalCall, reply: ReplyWriter): void {
    this.#checkFlags(script, call.readOnly);
    const { args, keyCount, readOnly } = call;
    const { flags } = script.shebang;
    this.#host.begin(caller, {
      readOnly: readOnly || flags?.has("no-writes") === true,
      outOfMemory: this.#server.memoryLimit.exceeded && flags?.has("allow-oom") !== true,
    });
    const mayPause = caller.mayBlock;
    const { length } = reply;
    const outcome = this.#asUnit(() => this.engine.run(script, { args, firstKey: 3, keyCount, mayPause }, reply));
    if (outcome === "done") return countFailure(caller.command, reply, length);
    // Also where this request was one that had been put aside: nothing goes on behind it.
    caller.client.postponed = true;
    caller.client.channel.pause();
    this.#pause(caller, caller.command);
  }

  #checkFlags({ shebang: { flags } }: Script, readOnly: boolean): void {
    if (flags === undefined || flags.has("no-writes")) return;
    if (readOnly) throw new CommandError("ERR Can not execute a script with write flag using *_ro command.");
    const { logFailure } = this.#server;
    if (logFailure !== undefined) throw new CommandError(logFailure);
  }

  /** SCRIPT KILL. Throws what it answers when there is nothing to kill, or it cannot be killed. */
  kill(): void {
    const paused = this.#paused;
    if (paused === undefined) throw new CommandError("NOTBUSY No scripts in execution right now.");
    if (this.#host.hasWritten()) throw new CommandError(unkillable);
    this.#server.environment.report("warning", "Lua script killed by user with SCRIPT KILL.");
    this.#prepareReply(paused.caller);
    this.engine.kill(this.#reply);
    this.#finish(paused);
  }

  /** What a script does is as if it were done in one moment, and nothing in it can wait. */
  #asUnit(run: () => RunOutcome): RunOutcome {
    const server = this.#server;
    const before = server.executingTransaction;
    server.executingTransaction = true;
    try {
      return run();
    } finally {
      server.executingTransaction = before;
    }
  }

  #pause(caller: Context, command: Command | undefined): void {
    const server = this.#server;
    server.busyScript = true;
    this.#paused = { caller, command, unit: server.log?.suspendUnit() };
    setImmediate(() => this.#continue());
  }

  #continue(): void {
    const paused = this.#paused;
    // It may have been killed meanwhile.
    if (paused === undefined) return;
    const server = this.#server;
    // Nobody waits for it, and nobody could kill it: the server may have been closed.
    if (server.clients.size + server.relayedClients === 0 && !this.#host.hasWritten()) return this.kill();
    server.busyScript = false;
    this.#paused = undefined;
    if (paused.unit !== undefined) server.log?.resumeUnit(paused.unit);
    this.#prepareReply(paused.caller);
    this.#host.stopClock();
    const outcome = this.#asUnit(() => this.engine.continue(this.#reply));
    server.updateClock();
    if (outcome === "paused") return this.#pause(paused.caller, paused.command);
    server.log?.endUnit();
    this.#finish(paused);
  }

  #prepareReply({ client }: Context): void {
    this.#reply.clear();
    this.#reply.protocol = client.protocol;
  }

  /** Answers the client of a script that had been paused, and lets the others go on. */
  #finish({ caller: { client }, command }: PausedScript): void {
    const server = this.#server;
    countFailure(command, this.#reply, 0);
    this.#paused = undefined;
    server.busyScript = false;
    client.postponed = false;
    if (!client.gone) {
      server.answer(client, (reply) => reply.raw(this.#reply.bytes, 0, this.#reply.length));
      client.channel.resume();
    }
    if (server.blocking.hasReady) server.serveBlocked();
  }
}

const minus = 45;

/** Counts a script whose reply, from `start` on, is an error: the processor sees only what is thrown. */
function countFailure(command: Command | undefined, { bytes, length }: ReplyWriter, start: number): void {
  if (command !== undefined && length > start && bytes[start] === minus) command.statistics.failedCalls++;
}

const runners = new WeakMap<Server, ScriptRunner>();

/** The one runner of a server; it comes into being when it is first asked for. */
export function scriptRunner(server: Server): ScriptRunner {
  const known = runners.get(server);
  if (known !== undefined) return known;
  const runner = new ScriptRunner(server);
  runners.set(server, runner);
  return runner;
}
