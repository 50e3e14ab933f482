import type { LuaState } from "./lua-api.ts";

/** The function that started a coroutine. It decides what happens with the coroutine's results and its error. */
export type ActivationKind = "script" | "pcall" | "xpcall" | "resume" | "wrap";

/** A coroutine that is running, or is waiting for the one above it. */
export interface Activation {
  readonly thread: LuaState;
  readonly kind: ActivationKind;
  /** True when the time limit cannot pause the coroutine: a C function is between it and the script's start. */
  readonly blocked: boolean;
  /** The registry's reference to the thread, for threads of the pool; else 0. */
  readonly reference: number;
  /** For xpcall: the registry's reference to the handler; else 0. */
  readonly handler: number;
}

/** A thread of the pool that is free. */
export interface PooledThread {
  readonly thread: LuaState;
  readonly reference: number;
}

/** Threads that are used again, so that pcall does not create a coroutine each time. */
export interface ThreadPool {
  /** The script must end: its error passes through every pcall. */
  readonly aborting: boolean;
  /** A thread with an empty stack. */
  acquire(): PooledThread;
  /** Takes back a thread that ended without an error. */
  release(thread: PooledThread): void;
  /** Drops a reference to a thread that failed or was left half-way, or to a handler. 0 is ignored. */
  discard(reference: number): void;
}
