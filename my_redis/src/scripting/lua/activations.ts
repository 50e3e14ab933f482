import type { Activation, PooledThread, ThreadPool } from "./activation.ts";
import { deliver } from "./deliver-results.ts";
import { luaStatus, registryIndex, type LuaState } from "./lua-api.ts";
import type { Lua } from "./lua.ts";
import { continueCounting, copyHookCount, isInsideCall } from "./state-fields.ts";

/** Status from `run` when the time limit has paused the coroutine. */
export const paused = -1;

const largestPool = 64;

/**
 * The coroutines of the running script, the innermost last.
 *
 * A script runs as a coroutine, so that it can be paused when it takes too long. So does every function under pcall and
 * xpcall, because Lua 5.1 cannot pause across a C function, and its own pcall is one. Scripts cannot observe any of
 * this.
 */
export class Activations implements ThreadPool {
  readonly #lua: Lua;
  readonly #stack: Activation[] = [];
  readonly #pool: PooledThread[] = [];
  /** The time limit has interrupted the innermost coroutine, and every outer one is yielding. */
  pausing = false;
  /** The script must end: its error passes through every pcall. */
  aborting = false;

  constructor(lua: Lua) {
    this.#lua = lua;
  }

  get current(): Activation | undefined {
    return this.#stack.at(-1);
  }

  /** Whether a hook that is called in this coroutine may pause the script. */
  mayPause(thread: LuaState): boolean {
    const current = this.current;
    return current?.thread === thread && !current.blocked && !isInsideCall(this.#lua, thread);
  }

  /** The innermost coroutine that the script created itself, not counting those of pcall. */
  get currentCoroutine(): LuaState {
    return this.#stack.findLast(({ kind }) => kind === "resume" || kind === "wrap")?.thread ?? 0;
  }

  /** The coroutines of pcall and xpcall, from the innermost outwards, each with its caller. */
  protectedCallers(): { readonly inner: LuaState; readonly outer: LuaState }[] {
    const callers: { inner: LuaState; outer: LuaState }[] = [];
    for (let at = this.#stack.length - 1; at > 0; at--) {
      const { thread, kind } = this.#stack[at] as Activation;
      if (kind !== "pcall" && kind !== "xpcall") break;
      callers.push({ inner: thread, outer: (this.#stack[at - 1] as Activation).thread });
    }
    return callers;
  }

  isActive(thread: LuaState): boolean {
    return this.#stack.some((activation) => activation.thread === thread);
  }

  /** Takes a thread with an empty stack from the pool. */
  acquire(): PooledThread {
    const pooled = this.#pool.pop();
    if (pooled !== undefined) return pooled;
    const { api, state } = this.#lua;
    const thread = api.lua_newthread(state);
    return { thread, reference: api.luaL_ref(state, registryIndex) };
  }

  /** Puts a thread that ended without an error back into the pool. */
  release({ thread, reference }: PooledThread): void {
    this.#lua.api.lua_settop(thread, 0);
    if (this.#pool.length < largestPool) this.#pool.push({ thread, reference });
    else this.discard(reference);
  }

  /** Drops a reference to a thread that failed or was left half-way, or to a handler. */
  discard(reference: number): void {
    if (reference !== 0) this.#lua.api.luaL_unref(this.#lua.state, registryIndex, reference);
  }

  /**
   * Starts the script, whose function is on the thread's stack. Returns a status, or `paused`. A script that starts as
   * `blocked` is never paused.
   */
  start(thread: PooledThread, blocked: boolean): number {
    this.#stack.length = 0;
    this.pausing = false;
    this.aborting = false;
    this.#stack.push({ ...thread, kind: "script", blocked, handler: 0 });
    continueCounting(this.#lua, this.#lua.state, thread.thread);
    return this.#resume(thread.thread, 0);
  }

  /** Runs a coroutine on behalf of a function that was called in `caller`. Returns a status, or `paused`. */
  run(caller: LuaState, called: Omit<Activation, "blocked">, argumentCount: number): number {
    const lua = this.#lua;
    const blocked = (this.current?.blocked ?? true) || isInsideCall(lua, caller);
    this.#stack.push({ ...called, blocked });
    continueCounting(lua, caller, called.thread);
    const status = this.#resume(called.thread, argumentCount);
    copyHookCount(lua, called.thread, caller);
    return status;
  }

  #resume(thread: LuaState, argumentCount: number): number {
    const status = this.#lua.api.lua_resume(thread, argumentCount);
    if (status === luaStatus.yield && this.pausing) return paused;
    this.#stack.pop();
    return status;
  }

  /**
   * Continues after a pause, from the innermost coroutine outwards: each one that ends passes its results to its
   * caller. Returns the status of the script itself, or `paused` again.
   */
  continue(): number {
    this.pausing = false;
    let argumentCount = 0;
    for (;;) {
      const ended = this.current as Activation;
      const status = this.#resume(ended.thread, argumentCount);
      if (status === paused) return paused;
      const outer = this.#handOutwards(ended, status);
      if (outer.settled) return outer.status;
      argumentCount = outer.argumentCount;
    }
  }

  #handOutwards(
    ended: Activation,
    status: number,
  ): { settled: true; status: number } | { settled: false; argumentCount: number } {
    for (;;) {
      const caller = this.current;
      if (caller === undefined) return { settled: true, status };
      copyHookCount(this.#lua, ended.thread, caller.thread);
      const argumentCount = deliver(this.#lua, this, ended, status, caller.thread);
      if (argumentCount !== undefined) return { settled: false, argumentCount };
      // Nothing between the failed call and the start of the calling coroutine could have caught the error, so the
      // caller fails as well.
      this.#stack.pop();
      ended = caller;
      status = luaStatus.runtimeError;
    }
  }

  /** Drops a paused script. */
  abandon(): void {
    for (const { reference, handler } of this.#stack) {
      this.discard(reference);
      this.discard(handler);
    }
    this.#stack.length = 0;
    this.pausing = false;
  }
}
