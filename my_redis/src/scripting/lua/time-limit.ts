import type { Activations } from "./activations.ts";
import type { LuaState } from "./lua-api.ts";
import type { Lua, NativeWork } from "./lua.ts";
import { type Place, placeOf } from "./place.ts";
import { setHookCount } from "./state-fields.ts";

/**
 * The clock is read at most this many instructions apart: about every tenth of a millisecond, unless instructions are
 * slow.
 */
export const longestPeriod = 20_000;
/** A script begins with this period, since nothing is known about its instructions. */
const firstPeriod = 1000;
const shortestPeriod = 50;
/** The period shrinks when it takes longer than this, and grows when it takes a tenth of this. */
const longPeriodMs = 2;
/** How long a script above its limit runs before other clients get a turn. */
const sliceMs = 10;
const shortestGraceMs = 1000;

const checksBetweenReadings = 500;
/** How often others are asked what becomes of a script that cannot be paused. */
const askMs = 5;

/**
 * What becomes of a script that cannot be paused where it is: it runs on until it is late; it runs on however late it
 * is; it was killed by SCRIPT KILL; or it ends because the server ends.
 */
export type StuckVerdict = "run" | "wait" | "kill" | "give up";

export interface TimeLimitOptions {
  /** A monotonic clock, in milliseconds. */
  readonly monotonicMs: () => number;
  /** A script is paused after this many milliseconds; 0 for never. Read at every start. */
  readonly limitMs: () => number;
  /** Whether the script may be ended, that is, has written nothing. */
  readonly mayAbort: () => boolean;
  /** Asked again and again while a script has been late for so long and cannot be paused. */
  readonly whileStuck: (lateMs: number) => StuckVerdict;
}

/**
 * Interrupts a script that runs for too long, so that other clients can be served. Lua cannot be paused in a
 * metamethod, or in a function that string.gsub, table.sort or the like call; there the pause is tried again and again,
 * and `whileStuck` serves other clients meanwhile. If no client is there and the pause fails for as long again as the
 * limit, the script is ended with an error. A script that has written runs on, because ending it would keep half of its
 * writes.
 */
export class TimeLimit implements NativeWork {
  readonly #lua: Lua;
  readonly #activations: Activations;
  readonly #options: TimeLimitOptions;
  #pauseAtMs = Number.POSITIVE_INFINITY;
  #abortAtMs = Number.POSITIVE_INFINITY;
  #limitMs = 0;
  /** Instructions until the clock is next read, and when it was last read. */
  #period = firstPeriod;
  #readAtMs = 0;
  /** A native function that works on after a missed pause asks this often before the clock is read again. */
  #unreadChecks = 0;
  #askedAtMs = 0;
  /** The error that ends the script, once it is to end. */
  #ending = "";
  /** The script was ended by SCRIPT KILL. */
  wasKilled = false;
  /** Where the script was when it was last paused. Kept, because Lua does not report it afterwards. */
  pausedAt: Place | undefined;

  constructor(lua: Lua, activations: Activations, options: TimeLimitOptions) {
    this.#lua = lua;
    this.#activations = activations;
    this.#options = options;
  }

  /** Called when a script begins. */
  start(thread: LuaState): void {
    this.#limitMs = this.#options.limitMs();
    this.wasKilled = false;
    this.#period = firstPeriod;
    setHookCount(this.#lua, thread, firstPeriod);
    this.#setDeadline(this.#limitMs === 0 ? Number.POSITIVE_INFINITY : this.#limitMs);
  }

  /** Called when a paused script continues. */
  continue(): void {
    this.#setDeadline(sliceMs);
  }

  #setDeadline(afterMs: number): void {
    this.#readAtMs = this.#options.monotonicMs();
    this.#pauseAtMs = this.#readAtMs + afterMs;
    this.#abortAtMs = this.#pauseAtMs + Math.max(this.#limitMs, shortestGraceMs);
  }

  /** Called when a script has ended: until the next one starts, nothing is raised. */
  stop(): void {
    this.#pauseAtMs = Number.POSITIVE_INFINITY;
  }

  /** Reads the clock, and decides after how many instructions of this coroutine it is read again. */
  #readClock(state: LuaState): number {
    const now = this.#options.monotonicMs();
    const elapsedMs = now - this.#readAtMs;
    this.#readAtMs = now;
    if (elapsedMs > longPeriodMs) {
      this.#period = Math.max(Math.floor((this.#period * longPeriodMs) / elapsedMs / 2), shortestPeriod);
    } else if (elapsedMs < longPeriodMs / 10) {
      this.#period = Math.min(this.#period * 2, longestPeriod);
    }
    setHookCount(this.#lua, state, this.#period);
    return now;
  }

  /** Called by Lua after each period. */
  readonly hook = (state: LuaState, _activation: number): void => {
    this.#unreadChecks = 0;
    const now = this.#readClock(state);
    if (now < this.#pauseAtMs) return;
    const activations = this.#activations;
    if (activations.mayPause(state) && !activations.aborting) {
      activations.pausing = true;
      this.pausedAt = placeOf(this.#lua, state);
      this.#lua.api.lua_yield(state, 0);
    } else {
      this.#endWhenTold(state, now);
    }
  };

  /**
   * Called by native functions that work for long. Nothing can be paused there, but the script may be ended. After a
   * missed pause the count stays used up, so that the hook is called when the native function has returned.
   */
  step(state: LuaState): void {
    if (this.#unreadChecks > 0) {
      this.#unreadChecks--;
      return;
    }
    const now = this.#readClock(state);
    // Another state has no protected call that would catch the error.
    if (now < this.#pauseAtMs || this.#activations.current?.thread !== state) return;
    this.#unreadChecks = checksBetweenReadings;
    setHookCount(this.#lua, state, 1);
    this.#endWhenTold(state, now);
  }

  /** Called when two texts are compared, of which one has this many bytes. As `step`, once that has used up the count. */
  compare(bytes: number): void {
    const state = this.#activations.current?.thread;
    if (state !== undefined) this.#lua.work(state, bytes >>> 1);
  }

  /** The script cannot be paused here: ends it when its time has come. An error that was caught is raised again. */
  #endWhenTold(state: LuaState, now: number): void {
    const activations = this.#activations;
    if (!activations.aborting) {
      if (now - this.#askedAtMs < askMs) return;
      this.#askedAtMs = now;
      const verdict = this.#options.whileStuck(now - this.#pauseAtMs);
      if (verdict === "wait" || (verdict === "run" && (now < this.#abortAtMs || !this.#options.mayAbort()))) return;
      activations.aborting = true;
      this.wasKilled = verdict === "kill";
      this.pausedAt = placeOf(this.#lua, state);
      this.#ending = verdict === "run" ? stopped(now - this.#pauseAtMs + this.#limitMs) : endings[verdict];
    }
    this.#lua.raiseAt(state, 0, this.#ending);
  }
}

const endings = { kill: "Script killed by user with SCRIPT KILL...", "give up": "Script stopped: the server ends" };

const stopped = (elapsedMs: number): string => `Script stopped after ${Math.round(elapsedMs)} ms: ${where}`;

const where =
  "it could not be paused, in a transaction, in a library function, or inside a function that a library function or " +
  "a metamethod calls";
