import type { ReplyWriter } from "../protocol/reply-writer.ts";
import { DeterministicRandom } from "./libraries/base/deterministic-random.ts";
import { LuaPanic } from "./webassembly/system-imports.ts";
import { type Script, ScriptCache, sha1Of } from "./script-cache.ts";
import { memoryFailure, type ScriptFailure } from "./script-error.ts";
import type { ScriptHost } from "./script-host.ts";
import { type RunResult, type ScriptCall, ScriptVm, type ScriptVmOptions } from "./script-vm.ts";
import { readShebang } from "./shebang.ts";

export interface ScriptEngineOptions extends ScriptVmOptions {
  /** A VM whose memory is larger than this is replaced once scripts use less than a quarter of it. */
  readonly keepMemoryBytes: number;
}

/** "paused": the script has used up its time. Call `continue` in a later turn, or `kill`. */
export type RunOutcome = "done" | "paused";

/**
 * Runs Lua scripts for EVAL and its variants. Synchronous, except that scripts that take too long pause and are
 * continued later. The VM is created for the first script, within some milliseconds, and again after SCRIPT FLUSH or
 * when a script has exhausted its memory.
 */
export class ScriptEngine {
  readonly #host: ScriptHost;
  readonly #options: ScriptEngineOptions;
  readonly #scripts = new ScriptCache();
  /**
   * Kept outside the VM, because the sequence of math.random continues from script to script even when the VM is
   * replaced.
   */
  readonly #random = new DeterministicRandom();
  #vm: ScriptVm | undefined;
  #running: Script | undefined;

  constructor(host: ScriptHost, options: ScriptEngineOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** The script that is paused or running. */
  get running(): Script | undefined {
    return this.#running;
  }

  get scriptCount(): number {
    return this.#scripts.count;
  }

  /** For INFO: bytes that Lua uses, and bytes of the scripts' texts. */
  get memory(): { readonly vmBytes: number; readonly scriptBytes: number } {
    return { vmBytes: this.#vm?.lua.usedBytes ?? 0, scriptBytes: this.#scripts.bodyBytes };
  }

  /** The script whose SHA1 stands at bytes[start, end) in hexadecimal digits of either case. */
  find(bytes: Uint8Array, start: number, end: number): Script | undefined {
    return this.#scripts.find(bytes, start, end);
  }

  /** The script with this text, compiled and stored if it is new. Throws CommandError when it is invalid. */
  load(body: Uint8Array): Script {
    const sha1 = sha1Of(body);
    const digest = Buffer.from(sha1, "latin1");
    const known = this.#scripts.find(digest, 0, digest.length);
    if (known !== undefined) return known;
    const script: Script = {
      sha1,
      // Not `slice`: a chunk from the network is a Buffer, whose slice is a view.
      body: new Uint8Array(body),
      shebang: readShebang(body),
      compiled: undefined,
      next: undefined,
    };
    this.#compile(script);
    this.#scripts.add(script);
    return script;
  }

  /** SCRIPT FLUSH. Must not be called while a script runs. */
  flush(): void {
    this.#scripts.clear();
    this.#vm = undefined;
  }

  /** Runs a script. When the outcome is "done", the reply has been written in the reply writer's protocol. */
  run(script: Script, call: ScriptCall, reply: ReplyWriter): RunOutcome {
    if (this.#running !== undefined) throw new Error(`script ${this.#running.sha1} is still running`);
    this.#running = script;
    return this.#guard(script, reply, () => {
      const reference = this.#compile(script);
      return this.#openVm().run({ sha1: script.sha1, reference }, call, reply);
    });
  }

  /** Lets a paused script run for some milliseconds. */
  continue(reply: ReplyWriter): RunOutcome {
    const script = this.#running as Script;
    return this.#guard(script, reply, () => this.#openVm().continue(reply));
  }

  /** SCRIPT KILL: ends a paused script with an error. The caller must check that it may be ended. */
  kill(reply: ReplyWriter): void {
    this.#end(this.#openVm().kill(), reply);
  }

  #openVm(): ScriptVm {
    this.#vm ??= new ScriptVm(this.#host, this.#options, this.#random);
    return this.#vm;
  }

  #compile(script: Script): number {
    const vm = this.#openVm();
    if (script.compiled?.vm !== vm) {
      script.compiled = { vm, reference: vm.compile(script.body, script.shebang.length) };
    }
    return script.compiled.reference;
  }

  /** Whatever happens to the VM, the next script finds an intact one. */
  #guard(script: Script, reply: ReplyWriter, run: () => RunResult): RunOutcome {
    const replyStart = reply.length;
    let result: RunResult;
    try {
      result = run();
    } catch (error) {
      reply.length = replyStart;
      const vm = this.#vm;
      this.#vm = undefined;
      result = this.#failureOf(error, script, vm);
    }
    if (result === "paused") return "paused";
    this.#end(result, reply);
    return "done";
  }

  #failureOf(error: unknown, script: Script, vm: ScriptVm | undefined): ScriptFailure {
    if (vm !== undefined && (error instanceof LuaPanic || vm.lua.memory.exhausted))
      return memoryFailure(vm.lua, script.sha1);
    if (error instanceof RangeError) {
      return { message: `ERR Error running script ${script.sha1}, stack overflow`, counted: false };
    }
    this.#running = undefined;
    throw error;
  }

  #end(result: "done" | ScriptFailure, reply: ReplyWriter): void {
    this.#running = undefined;
    if (result !== "done") {
      if (!result.counted) this.#host.countError(result.message);
      reply.error(result.message);
    }
    this.#shrink();
  }

  /** WebAssembly memory never shrinks, so a VM that had to grow for one script is replaced. */
  #shrink(): void {
    const lua = this.#vm?.lua;
    if (lua === undefined || !lua.memory.grown) return;
    lua.memory.grown = false;
    const tooLarge = lua.memory.size > this.#options.keepMemoryBytes;
    if (lua.memory.exhausted || (tooLarge && lua.collectAll() < lua.memory.size / 4)) this.#vm = undefined;
  }
}
