import { luaStatus, registryIndex, type LuaState } from "../../lua/lua-api.ts";
import type { Lua } from "../../lua/lua.ts";

const source = "return function(called, ...) return called(...) end";

/**
 * Offsets of a Lua closure's pointer to its prototype, and of the prototype's lines and names (lobject.h of Lua 5.1).
 */
const prototypeOffset = 16;
const lineInfoOffset = 20;
const localNameCountOffset = 56;

/**
 * Lua 5.1 can pause a coroutine only if its first function is a Lua function: `pcall(pcall, f)` needs one around the
 * inner pcall. The trampoline has no lines and no names, so that no error message mentions it. Returns its reference in
 * the registry.
 */
export function makeTrampoline(lua: Lua): number {
  const { api, memory, state } = lua;
  lua.pushText(state, source);
  const status = api.luaL_loadbuffer(state, lua.string(state, -1), lua.length, lua.cString("=?"));
  if (status !== luaStatus.ok) throw new Error(`the trampoline does not compile: ${lua.text(state, -1)}`);
  api.lua_call(state, 0, 1);
  const prototype = memory.word(api.lua_topointer(state, -1) + prototypeOffset);
  memory.setWord(prototype + lineInfoOffset, 0);
  memory.setWord(prototype + localNameCountOffset, 0);
  const reference = api.luaL_ref(state, registryIndex);
  api.lua_settop(state, 0);
  return reference;
}

/** Puts the trampoline below the function and its `count - 1` arguments on top of the stack; returns the new count. */
export function throughTrampoline(lua: Lua, thread: LuaState, reference: number, count: number): number {
  lua.api.lua_rawgeti(thread, registryIndex, reference);
  lua.api.lua_insert(thread, -1 - count);
  return count + 1;
}
