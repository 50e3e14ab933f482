import { CommandError } from "../protocol/command-error.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import { bitLibrary } from "./libraries/bit.ts";
import { cjsonLibrary } from "./libraries/cjson/cjson.ts";
import { cmsgpackLibrary } from "./libraries/cmsgpack/cmsgpack.ts";
import { structLibrary } from "./libraries/struct/struct.ts";
import { LuaToReply } from "./lua-to-reply.ts";
import type { PooledThread } from "./lua/activation.ts";
import { Activations, paused } from "./lua/activations.ts";
import { loadChunk } from "./libraries/base/chunk-loading.ts";
import type { DeterministicRandom } from "./libraries/base/deterministic-random.ts";
import { globalsIndex, luaStatus, registryIndex } from "./lua/lua-api.ts";
import { readOnlyMark, readOnlyMask, tableFlagsOffset } from "./webassembly/lua-binary.ts";
import { Lua, type LuaOptions } from "./lua/lua.ts";
import { openSandbox } from "./sandbox.ts";
import { setCountHook } from "./lua/state-fields.ts";
import { longestPeriod, type StuckVerdict, TimeLimit } from "./lua/time-limit.ts";
import type { ScriptState } from "./libraries/redis/command-calls.ts";
import { redisLibrary } from "./libraries/redis/redis-library.ts";
import { failureOf, killedFailure, type ScriptFailure } from "./script-error.ts";
import type { ScriptHost } from "./script-host.ts";

/** A garbage collection step is forced after so many scripts, whether one is due or not, and has this size in KiB. */
const runsPerCollection = 50;
const collectionStepKib = 50;
const collectStep = 5;

export interface ScriptVmOptions extends LuaOptions {
  /** A monotonic clock, in milliseconds. */
  readonly monotonicMs: () => number;
  /** busy-reply-threshold: a script that takes longer is paused; 0 for never. Read at the start of each script. */
  readonly limitMs: () => number;
  /** What becomes of a script that has been late for so long and cannot be paused. Without it, it is ended when late. */
  readonly whileStuck?: ((lateMs: number) => StuckVerdict) | undefined;
}

/** How a script is to be run. */
export interface ScriptCall {
  /** KEYS begin at `firstKey`; all arguments after them are ARGV. They are read before `run` returns. */
  readonly args: Arguments;
  readonly firstKey: number;
  readonly keyCount: number;
  /** Whether a script that takes too long may be paused. If not, it is ended, unless it has written data. */
  readonly mayPause: boolean;
}

export type RunResult = "done" | "paused" | ScriptFailure;

/** One VM with everything that scripts find in it. All scripts of a server share it, one at a time. */
export class ScriptVm {
  readonly lua: Lua;
  readonly #activations: Activations;
  readonly #timeLimit: TimeLimit;
  readonly #toReply: LuaToReply;
  readonly #script: ScriptState = { protocol: 2 };
  readonly #globalsFlags: number;
  readonly #keysName: number;
  readonly #argvName: number;
  #thread: PooledThread | undefined;
  #sha1 = "";
  #runs = 0;

  constructor(host: ScriptHost, options: ScriptVmOptions, random: DeterministicRandom) {
    const lua = new Lua(options);
    this.lua = lua;
    this.#activations = new Activations(lua);
    this.#timeLimit = new TimeLimit(lua, this.#activations, {
      monotonicMs: options.monotonicMs,
      limitMs: options.limitMs,
      mayAbort: () => !host.hasWritten(),
      whileStuck: options.whileStuck ?? (() => "run"),
    });
    openSandbox(lua, {
      activations: this.#activations,
      random,
      libraries: [
        redisLibrary(lua, host, this.#script),
        cjsonLibrary(lua),
        cmsgpackLibrary(lua),
        structLibrary(lua),
        bitLibrary(lua),
      ],
      clock: () => options.monotonicMs() / 1000,
    });
    lua.nativeWork = this.#timeLimit;
    const [hook] = lua.addFunctions([this.#timeLimit.hook]);
    setCountHook(lua, lua.state, hook as number, longestPeriod);
    this.#toReply = new LuaToReply(lua, (message) => host.countError(message));
    this.#globalsFlags = lua.api.lua_topointer(lua.state, globalsIndex) + tableFlagsOffset;
    this.#keysName = lua.cString("KEYS");
    this.#argvName = lua.cString("ARGV");
  }

  /** Compiles a script; returns its reference in the VM. Throws the error reply of EVAL when that fails. */
  compile(body: Uint8Array, start: number): number {
    const { lua } = this;
    const { api, state } = lua;
    lua.pushBytes(state, body, start, body.length);
    const address = lua.string(state, -1);
    const status = loadChunk(lua, state, address, lua.length, lua.cString("@user_script"));
    if (status !== luaStatus.ok) {
      const message = lua.text(state, -1) ?? "";
      api.lua_settop(state, 0);
      throw new CommandError(`ERR Error compiling script (new function): ${message}`);
    }
    const reference = api.luaL_ref(state, registryIndex);
    api.lua_settop(state, 0);
    return reference;
  }

  /** Runs a compiled script; writes its result unless it fails. */
  run(script: { readonly sha1: string; readonly reference: number }, call: ScriptCall, reply: ReplyWriter): RunResult {
    const { lua } = this;
    const activations = this.#activations;
    const thread = activations.acquire();
    this.#thread = thread;
    this.#sha1 = script.sha1;
    this.#script.protocol = 2;
    this.#setGlobalArrays(call.args, call.firstKey, call.firstKey + call.keyCount);
    lua.api.lua_rawgeti(thread.thread, registryIndex, script.reference);
    this.#timeLimit.start(lua.state);
    return this.#finish(activations.start(thread, !call.mayPause), reply);
  }

  /** Continues a paused script. */
  continue(reply: ReplyWriter): RunResult {
    this.#timeLimit.continue();
    return this.#finish(this.#activations.continue(), reply);
  }

  /** Ends a paused script. */
  kill(): ScriptFailure {
    this.#timeLimit.stop();
    this.#activations.abandon();
    return killedFailure(this.#sha1, this.#timeLimit.pausedAt);
  }

  #setGlobalArrays(args: Arguments, firstKey: number, firstArgument: number): void {
    const { bytes } = this.lua.memory;
    const flags = this.#globalsFlags;
    bytes[flags] = (bytes[flags] as number) & ~readOnlyMask;
    this.#setGlobalArray(this.#keysName, args, firstKey, firstArgument);
    this.#setGlobalArray(this.#argvName, args, firstArgument, args.count);
    // The memory may have grown meanwhile, which replaces the view.
    this.lua.memory.bytes[flags] = readOnlyMark;
  }

  #setGlobalArray(name: number, args: Arguments, first: number, end: number): void {
    const { lua } = this;
    const { api, state } = lua;
    api.lua_createtable(state, 0, 0);
    for (let index = first; index < end; index++) {
      lua.pushBytes(state, args.buffer, args.start(index), args.end(index));
      api.lua_rawseti(state, -2, index - first + 1);
    }
    api.lua_setfield(state, globalsIndex, name);
  }

  #finish(status: number, reply: ReplyWriter): RunResult {
    if (status === paused) return "paused";
    this.#timeLimit.stop();
    const { lua } = this;
    const thread = this.#thread as PooledThread;
    if (status !== luaStatus.ok) {
      const { pausedAt, wasKilled } = this.#timeLimit;
      const failure = wasKilled
        ? killedFailure(this.#sha1, pausedAt)
        : failureOf(lua, thread.thread, status, this.#sha1);
      this.#activations.discard(thread.reference);
      return failure;
    }
    const { api } = lua;
    if (api.lua_gettop(thread.thread) === 0) reply.null();
    else {
      api.lua_settop(thread.thread, 1);
      this.#toReply.write(thread.thread, reply, this.#script.protocol);
    }
    this.#activations.release(thread);
    if (++this.#runs % runsPerCollection === 0) api.lua_gc(lua.state, collectStep, collectionStepKib);
    return "done";
  }
}
