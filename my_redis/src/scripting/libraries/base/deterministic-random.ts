import type { LuaState, NativeFunction } from "../../lua/lua-api.ts";
import type { Lua } from "../../lua/lua.ts";

const range = 2 ** 31 - 1;
const half = 2 ** 24;

/**
 * The generator of drand48: x' = (0x5deece66d * x + 11) modulo 2^48, of which the highest 31 bits are returned. Redis
 * has its own copy of it, so that math.random gives the same sequence on every machine. The sequence continues from
 * script to script.
 */
export class DeterministicRandom {
  #high = 0x1234ab;
  #low = 0xcd330e;

  seed(seed: number): void {
    this.#high = (seed >>> 8) & 0xffffff;
    this.#low = ((seed & 0xff) << 16) | 0x330e;
  }

  /** An integer in [0, 2^31). */
  next(): number {
    // 48-bit arithmetic in two halves of 24 bits, whose products a double holds exactly.
    const low = this.#low * 0xece66d + 11;
    const high = this.#high * 0xece66d + this.#low * 0x5de + Math.floor(low / half);
    this.#low = low % half;
    this.#high = high % half;
    return this.#high * 128 + Math.floor(this.#low / 2 ** 17);
  }
}

/** A number converted as C's (int)(long) does on a 64-bit machine. */
const toInt = (value: number): number =>
  Math.abs(value) < 2 ** 63 ? Number(BigInt.asIntN(32, BigInt(Math.trunc(value)))) : 0;

/** math.random and math.randomseed. */
export function randomFunctions(lua: Lua, generator: DeterministicRandom): Record<string, NativeFunction> {
  const { api } = lua;
  const checkInt = (state: LuaState, argument: number): number => toInt(api.luaL_checknumber(state, argument));
  const between = (state: LuaState, part: number, low: number, high: number): number => {
    api.lua_pushnumber(state, Math.floor(part * toInt(high - low + 1)) + low);
    return 1;
  };
  return {
    random(state) {
      const part = (generator.next() % range) / range;
      const count = api.lua_gettop(state);
      if (count > 2) return lua.raise(state, "wrong number of arguments");
      if (count === 0) {
        api.lua_pushnumber(state, part);
        return 1;
      }
      const low = count === 1 ? 1 : checkInt(state, 1);
      const high = checkInt(state, count);
      if (low > high) return lua.argumentError(state, count, "interval is empty");
      return between(state, part, low, high);
    },
    randomseed(state) {
      generator.seed(checkInt(state, 1));
      return 0;
    },
  };
}
