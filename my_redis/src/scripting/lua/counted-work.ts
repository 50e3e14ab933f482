import type { LuaState } from "./lua-api.ts";
import type { Lua } from "./lua.ts";

const unitsBetweenLooks = 256;

/**
 * Counts the work of a native function in units, and looks at the clock now and then. What is left over at the end of a
 * call counts in the next one.
 */
export class CountedWork {
  readonly #lua: Lua;
  readonly #instructions: number;
  #units = 0;

  /** A unit takes about as long as so many instructions of Lua. */
  constructor(lua: Lua, instructions: number) {
    this.#lua = lua;
    this.#instructions = instructions;
  }

  /** May raise an error that ends the script. */
  unit(state: LuaState): void {
    if (++this.#units < unitsBetweenLooks) return;
    this.#units = 0;
    this.#lua.work(state, unitsBetweenLooks * this.#instructions);
  }
}
