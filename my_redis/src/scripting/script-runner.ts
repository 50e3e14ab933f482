import type { Command, Context, EvalCall, Scripts, Services } from "../dispatch/context.ts";
import type { SuspendedUnit } from "../dispatch/log-target.ts";
import { answer } from "../dispatch/replies.ts";
import { CommandError } from "../protocol/command-error.ts";
import { ReplyWriter } from "../protocol/reply-writer.ts";
import type { StuckService } from "../dispatch/ports.ts";
import type { StuckVerdict } from "./lua/time-limit.ts";
import type { Script } from "./script-cache.ts";
import { ScriptCommandHost } from "./script-command-host.ts";
import { ScriptEngine } from "./script-engine.ts";

/** Memory limit of all scripts of a server together, and the size above which an idle VM is replaced. */
const maxMemoryBytes = 256 * 1024 * 1024;
const keepMemoryBytes = 64 * 1024 * 1024;

const serverEnds = "ERR the server ends by SHUTDOWN NOSAVE and has not run this command";

/** A script that cannot be paused runs for so long beyond its limit before a thread is started for other clients. */
const patienceMs = 20;

const unkillable =
  "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script " +
  "termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.";

/** A script that has used up its time, between two turns. */
interface PausedScript {
  readonly caller: Context;
  /** EVAL or one of its variants. */
  readonly command: Command | undefined;
  readonly unit: SuspendedUnit | undefined;
}

/** Runs the scripts of one server: at once, or over many turns when a script takes longer than busy-reply-threshold. */
export class ScriptRunner implements Scripts {
  readonly engine: ScriptEngine;
  readonly #server: Services;
  readonly #host: ScriptCommandHost;
  readonly #reply = new ReplyWriter();
  #paused: PausedScript | undefined;
  /** The client whose script runs. */
  #caller: Context | undefined;
  #stuckService: StuckService | undefined;
  /** Set while `#stuckService` serves: what clients want to become of the script. */
  #verdict: StuckVerdict | undefined;

  constructor(server: Services) {
    this.#server = server;
    this.#host = new ScriptCommandHost(server);
    this.engine = new ScriptEngine(this.#host, {
      monotonicMs: server.environment.monotonicMs,
      limitMs: () => server.settings.values["busy-reply-threshold"],
      whileStuck: (lateMs) => this.#whileStuck(lateMs),
      maxMemoryBytes,
      keepMemoryBytes,
    });
    server.info.add("memory", () => [
      ["used_memory_lua", this.engine.memory.vmBytes],
      ["used_memory_vm_eval", this.engine.memory.vmBytes],
      ["used_memory_scripts_eval", this.engine.memory.scriptBytes],
      ["number_of_cached_scripts", this.engine.scriptCount],
    ]);
  }

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
    // A script takes effect as if at one moment, and nothing in it can wait.
    this.#caller = caller;
    const outcome = this.#server.execution.asUnit(() =>
      this.engine.run(script, { args, firstKey: 3, keyCount, mayPause }, reply),
    );
    if (outcome === "done") {
      this.#stuckService?.end();
      return this.#noteFailure(reply, length);
    }
    // Also when this request itself had been held: no later request of the client may run now.
    caller.client.hold();
    this.#pause(caller, caller.command);
  }

  #checkFlags({ shebang: { flags } }: Script, readOnly: boolean): void {
    if (flags === undefined || flags.has("no-writes")) return;
    if (readOnly) throw new CommandError("ERR Can not execute a script with write flag using *_ro command.");
    const { failure } = this.#server.changes;
    if (failure !== undefined) throw new CommandError(failure);
  }

  serveWhileStuck(service: StuckService): void {
    this.#stuckService = service;
  }

  #whileStuck(lateMs: number): StuckVerdict {
    const service = this.#stuckService;
    if (service === undefined || lateMs < patienceMs) return "run";
    this.#verdict = "run";
    const isExpecting = service.serve((work) => this.#asPaused(work));
    const verdict = this.#verdict;
    this.#verdict = undefined;
    return verdict === "run" && isExpecting ? "wait" : verdict;
  }

  /** Runs a request of another client within the script. */
  #asPaused(work: () => void): void {
    const { changes, execution, observers } = this.#server;
    const unit = changes.suspendUnit();
    execution.pauseScript();
    work();
    execution.resumeScript();
    if (unit !== undefined && this.#verdict !== "give up") changes.resumeUnit(unit);
    // Errors of the other client are not failures of the script.
    observers.statistics.attributeErrors();
  }

  giveUp(): void {
    if (this.#verdict === undefined) return;
    this.#verdict = "give up";
    // The script's writes so far would be half of a unit, and so would the rest of a transaction around it. What ran
    // before it in this turn is kept. Clients that wait for their turn are still answered, so their writes are refused.
    this.#server.changes.stop(serverEnds);
    this.#caller?.client.channel.kill();
  }

  kill(): void {
    const paused = this.#paused;
    if (this.#verdict !== undefined) {
      this.#checkKill();
      this.#verdict = "kill";
      return;
    }
    if (paused === undefined) throw new CommandError("NOTBUSY No scripts in execution right now.");
    this.#checkKill();
    this.#prepareReply(paused.caller);
    this.engine.kill(this.#reply);
    this.#finish(paused);
  }

  #checkKill(): void {
    if (this.#host.hasWritten()) throw new CommandError(unkillable);
    this.#server.environment.report("warning", "Lua script killed by user with SCRIPT KILL.");
  }

  #pause(caller: Context, command: Command | undefined): void {
    const { changes, execution } = this.#server;
    execution.pauseScript();
    this.#paused = { caller, command, unit: changes.suspendUnit() };
    setImmediate(() => this.#continue());
  }

  #continue(): void {
    const paused = this.#paused;
    // SCRIPT KILL may have ended it meanwhile.
    if (paused === undefined) return;
    const { changes, clients, clock, execution } = this.#server;
    // No client waits for the script and none could kill it. The server may have been closed.
    if (clients.connected.size + clients.sessionCount === 0 && !this.#host.hasWritten()) return this.kill();
    if (this.#stuckService?.isServing === true) {
      this.#stuckService.serve((work) => work());
      if (this.#paused === undefined) return;
    }
    execution.resumeScript();
    this.#paused = undefined;
    if (paused.unit !== undefined) changes.resumeUnit(paused.unit);
    this.#prepareReply(paused.caller);
    this.#host.stopClock();
    this.#caller = paused.caller;
    const outcome = execution.asUnit(() => this.engine.continue(this.#reply));
    clock.update();
    if (outcome === "paused") return this.#pause(paused.caller, paused.command);
    changes.endUnit();
    this.#finish(paused);
  }

  /** A script that returns an error has failed, also when the error was counted for a command that it called. */
  #noteFailure({ bytes, length }: ReplyWriter, start: number): void {
    if (length > start && bytes[start] === minus) this.#server.observers.statistics.failing();
  }

  #prepareReply({ client }: Context): void {
    this.#reply.clear();
    this.#reply.protocol = client.protocol;
  }

  /** Answers the client of a script that had been paused; the other clients are served again. */
  #finish({ caller: { client }, command }: PausedScript): void {
    this.#stuckService?.end();
    const { blocking, changes, execution, replies } = this.#server;
    this.#noteFailure(this.#reply, 0);
    // The processor has counted the call when the script was first paused.
    if (this.#server.observers.statistics.attributeErrors() && command !== undefined) command.statistics.failedCalls++;
    this.#paused = undefined;
    execution.resumeScript();
    client.isHeld = false;
    if (!client.gone) {
      answer(replies, client, (reply) => reply.raw(this.#reply.bytes, 0, this.#reply.length));
      client.streamOffset = changes.streamOffset;
      client.channel.resume();
    }
    blocking.serve();
  }
}

const minus = 45;
