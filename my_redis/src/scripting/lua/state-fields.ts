import type { LuaState } from "./lua-api.ts";
import { hookCountOffset } from "../webassembly/work-charges.ts";
import type { Lua } from "./lua.ts";

/** Offsets in a lua_State of this build that the C API does not expose (see lstate.h of Lua 5.1). */
const nCcallsOffset = 52;
const baseCcallsOffset = 54;
const baseHookCountOffset = 60;

const countMask = 8;

const short = (lua: Lua, address: number): number =>
  (lua.memory.bytes[address] as number) | ((lua.memory.bytes[address + 1] as number) << 8);

/** Whether a C function, such as a metamethod, stands between this coroutine's start and its present place. */
export const isInsideCall = (lua: Lua, state: LuaState): boolean =>
  short(lua, state + nCcallsOffset) > short(lua, state + baseCcallsOffset);

/**
 * Copies the counts of nested calls and instructions from `from` to `to`, so that one limit and one hook period cover
 * both.
 */
export function continueCounting(lua: Lua, from: LuaState, to: LuaState): void {
  const { bytes } = lua.memory;
  bytes[to + nCcallsOffset] = bytes[from + nCcallsOffset] as number;
  bytes[to + nCcallsOffset + 1] = bytes[from + nCcallsOffset + 1] as number;
  copyHookCount(lua, from, to);
}

export function copyHookCount(lua: Lua, from: LuaState, to: LuaState): void {
  lua.memory.setWord(to + hookCountOffset, lua.memory.word(from + hookCountOffset));
}

/** The hook is called after so many further instructions of this coroutine. */
export function setHookCount(lua: Lua, state: LuaState, instructions: number): void {
  lua.memory.setWord(state + hookCountOffset, instructions);
}

/** Calls the hook every `period` instructions, in this state and in every coroutine created from it. */
export function setCountHook(lua: Lua, state: LuaState, hookIndex: number, period: number): void {
  lua.api.lua_sethook(state, hookIndex, countMask, period);
  const found = [lua.memory.word(state + baseHookCountOffset), lua.memory.word(state + hookCountOffset)];
  if (found.some((count) => count !== period)) {
    throw new Error(
      `the Lua binary lays out its states in another way: hook counts ${found.join(" and ")}, not ${period}`,
    );
  }
}
