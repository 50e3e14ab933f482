import type { LuaState, NativeFunction } from "../lua/lua-api.ts";
import type { Lua } from "../lua/lua.ts";
import { type LuaLibrary, setFunctions } from "./library.ts";

/**
 * A number as the 32-bit integer that Lua BitOp makes of it: the low 32 bits of the nearest integer, with ties to even.
 * Numbers beyond 2^51 are undefined there; here they give some integer as well.
 */
function toBit(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  return rounded | 0;
}

const swapBytes = (value: number): number =>
  (value >>> 24) | ((value >>> 8) & 0xff00) | ((value & 0xff00) << 8) | (value << 24);

/** Lua BitOp 1.0: operations on signed 32-bit integers. */
export function bitLibrary(lua: Lua): LuaLibrary {
  const { api } = lua;
  const argument = (state: LuaState, index: number): number => toBit(api.luaL_checknumber(state, index));
  const push = (state: LuaState, value: number): number => {
    api.lua_pushnumber(state, value | 0);
    return 1;
  };
  const unary =
    (operate: (value: number) => number): NativeFunction =>
    (state) =>
      push(state, operate(argument(state, 1)));
  const folding =
    (operate: (left: number, right: number) => number): NativeFunction =>
    (state) => {
      let result = argument(state, 1);
      for (let index = api.lua_gettop(state); index > 1; index--) result = operate(result, argument(state, index));
      return push(state, result);
    };
  const shifting =
    (operate: (value: number, by: number) => number): NativeFunction =>
    (state) => {
      const value = argument(state, 1);
      return push(state, operate(value, argument(state, 2) & 31));
    };
  const functions = {
    tobit: unary((value) => value),
    bnot: unary((value) => ~value),
    bswap: unary(swapBytes),
    band: folding((left, right) => left & right),
    bor: folding((left, right) => left | right),
    bxor: folding((left, right) => left ^ right),
    lshift: shifting((value, by) => value << by),
    rshift: shifting((value, by) => value >>> by),
    arshift: shifting((value, by) => value >> by),
    rol: shifting((value, by) => (value << by) | (value >>> (32 - by))),
    ror: shifting((value, by) => (value >>> by) | (value << (32 - by))),
    tohex: (state: LuaState): number => {
      const value = argument(state, 1);
      const digits = api.lua_gettop(state) < 2 ? 8 : argument(state, 2);
      lua.pushText(state, toHex(value, digits));
      return 1;
    },
  };
  return { name: "bit", open: () => setFunctions(lua, functions) };
}

/** The lowest digits, at most 8; in upper case when `digits` is negative. */
function toHex(value: number, digits: number): string {
  const count = Math.min(8, Math.abs(digits));
  const text = (value >>> 0)
    .toString(16)
    .padStart(8, "0")
    .slice(8 - count);
  return digits < 0 ? text.toUpperCase() : text;
}
