import type { Activations } from "./activations.ts";
import type { LuaState } from "./lua-api.ts";
import type { Lua } from "./lua.ts";
import { type Place, placeOf } from "./place.ts";

/** The clock is read after this many instructions of a script: about every half millisecond. */
export const instructionsPerLook = 100_000;
/** How long a script above its limit runs before other clients get a turn. */
const sliceMs = 10;
const shortestGraceMs = 1000;

export interface TimeLimitOptions {
  /** A monotonic clock, in milliseconds. */
  readonly monotonicMs: () => number;
  /** A script is paused after this many milliseconds; 0 for never. Read at every start. */
  readonly limitMs: () => number;
  /** Whether the script may be ended, that is, has written nothing. */
  readonly mayAbort: () => boolean;
}

/**
 * Interrupts a script that runs for too long, so that other clients can be served. Lua cannot be paused in a
 * metamethod, or in a function that string.gsub, table.sort or the like call; there the pause is tried again and again.
 * If that fails for as long again as the limit, the script is ended with an error. A script that has written runs on,
 * because ending it would keep half of its writes.
 */
export class TimeLimit {
  readonly #lua: Lua;
  readonly #activations: Activations;
  readonly #options: TimeLimitOptions;
  #pauseAtMs = Number.POSITIVE_INFINITY;
  #abortAtMs = Number.POSITIVE_INFINITY;
  #limitMs = 0;
  /** Where the script was when it was last paused. Kept, because Lua does not report it afterwards. */
  pausedAt: Place | undefined;

  constructor(lua: Lua, activations: Activations, options: TimeLimitOptions) {
    this.#lua = lua;
    this.#activations = activations;
    this.#options = options;
  }

  /** Called when a script begins. */
  start(): void {
    this.#limitMs = this.#options.limitMs();
    this.#setDeadline(this.#limitMs === 0 ? Number.POSITIVE_INFINITY : this.#limitMs);
  }

  /** Called when a paused script continues. */
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
