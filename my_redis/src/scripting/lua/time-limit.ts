import type { Activations } from "./activations.ts";
import type { LuaState } from "./lua-api.ts";
import type { Lua } from "./lua.ts";
import { type Place, placeOf } from "./place.ts";

/** The clock is looked at after this many instructions of a script: about every half millisecond. */
export const instructionsPerLook = 100_000;
/** How long a script that has passed its limit runs before others get their turn again. */
const sliceMs = 10;
const shortestGraceMs = 1000;

export interface TimeLimitOptions {
  /** A clock in milliseconds that never goes back. */
  readonly monotonicMs: () => number;
  /** After that many milliseconds a script is paused; 0 for never. Read at every start. */
  readonly limitMs: () => number;
  /** Whether the script may be ended: it has written nothing. */
  readonly mayAbort: () => boolean;
}

/**
 * Interrupts a script that runs for too long, so that other clients can be answered. Where Lua cannot be paused (in
 * a metamethod, or in a function that string.gsub, table.sort or the like call) it is tried again and again. When there
 * is no such place for as long again as the limit, the script is ended with an error, unless it has written: then it
 * runs on, because half of its writes would stay.
 */
export class TimeLimit {
  readonly #lua: Lua;
  readonly #activations: Activations;
  readonly #options: TimeLimitOptions;
  #pauseAtMs = Number.POSITIVE_INFINITY;
  #abortAtMs = Number.POSITIVE_INFINITY;
  #limitMs = 0;
  /** Where the script was when it was last paused. Afterwards Lua would not tell of its first instruction. */
  pausedAt: Place | undefined;

  constructor(lua: Lua, activations: Activations, options: TimeLimitOptions) {
    this.#lua = lua;
    this.#activations = activations;
    this.#options = options;
  }

  /** A script begins. */
  start(): void {
    this.#limitMs = this.#options.limitMs();
    this.#setDeadline(this.#limitMs === 0 ? Number.POSITIVE_INFINITY : this.#limitMs);
  }

  /** A paused script goes on. */
  continue(): void {
    this.#setDeadline(sliceMs);
  }

  #setDeadline(afterMs: number): void {
    this.#pauseAtMs = this.#options.monotonicMs() + afterMs;
    this.#abortAtMs = this.#pauseAtMs + Math.max(this.#limitMs, shortestGraceMs);
  }

  /** Called by Lua every `instructionsPerLook`. */
  readonly hook = (state: LuaState, _activation: number): void => {
    const now = this.#options.monotonicMs();
    if (now < this.#pauseAtMs) return;
    const activations = this.#activations;
    if (activations.mayPause(state) && !activations.aborting) {
      activations.pausing = true;
      this.pausedAt = placeOf(this.#lua, state);
      this.#lua.api.lua_yield(state, 0);
    } else if (activations.aborting || (now >= this.#abortAtMs && this.#options.mayAbort())) {
      activations.aborting = true;
      this.#lua.raiseAt(
        state,
        0,
        `Script stopped after ${Math.round(now - this.#pauseAtMs + this.#limitMs)} ms: ${where}`,
      );
    }
  };
}

const where =
  "it could not be paused, in a transaction or inside a function that a library function or a metamethod calls";
