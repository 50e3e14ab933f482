import { firstUpvalue, luaType, type LuaState, type NativeFunction } from "../../lua/lua-api.ts";
import type { Lua } from "../../lua/lua.ts";

const precompiledMark = 27;
const secondUpvalue = firstUpvalue - 1;

/**
 * Compiles a chunk: pushes its function or the error, and returns a status. Precompiled chunks are refused, as in
 * Redis, because a forged one could read and write all of the VM's memory. A blank put before them makes Lua read them
 * as text, which is invalid. `name` is the address of a C string.
 */
export function loadChunk(lua: Lua, state: LuaState, address: number, length: number, name: number): number {
  const { api } = lua;
  if (length === 0 || lua.memory.bytes[address] !== precompiledMark) {
    return api.luaL_loadbuffer(state, address, length, name);
  }
  return api.luaL_loadbuffer(state, lua.cString(` ${String.fromCharCode(precompiledMark)}`), 2, name);
}

/**
 * load and loadstring. `load` is Lua's own. `isAborting` says whether an error must end the script, and so must not be
 * caught.
 */
export function loadFunctions(
  lua: Lua,
  load: NativeFunction,
  isAborting: () => boolean,
): Record<string, NativeFunction> {
  const { api } = lua;
  const [readPiece] = lua.addFunctions([(state: LuaState) => readPieceOf(lua, state)]);
  return {
    loadstring(state) {
      const address = lua.checkString(state, 1);
      const length = lua.length;
      const name = api.luaL_optlstring(state, 2, address, 0);
      if (loadChunk(lua, state, address, length, name) === 0) return 1;
      api.lua_pushnil(state);
      api.lua_insert(state, -2);
      return 2;
    },
    load(state) {
      api.luaL_checktype(state, 1, luaType.function);
      api.lua_pushvalue(state, 1);
      api.lua_pushboolean(state, 0);
      api.lua_pushcclosure(state, readPiece as number, 2);
      api.lua_replace(state, 1);
      const results = load(state);
      return results > 1 && isAborting() ? api.lua_error(state) : results;
    },
  };
}

/**
 * Wraps the function that was passed to `load`. A first piece that begins a precompiled chunk gets a blank before it.
 */
function readPieceOf(lua: Lua, state: LuaState): number {
  const { api } = lua;
  api.lua_pushvalue(state, firstUpvalue);
  api.lua_call(state, 0, 1);
  if (api.lua_toboolean(state, secondUpvalue) !== 0) return 1;
  api.lua_pushboolean(state, 1);
  api.lua_replace(state, secondUpvalue);
  if (api.lua_type(state, -1) !== luaType.string) return 1;
  const address = lua.string(state, -1);
  if (lua.length === 0 || lua.memory.bytes[address] !== precompiledMark) return 1;
  lua.pushText(state, " ");
  api.lua_insert(state, -2);
  api.lua_concat(state, 2);
  return 1;
}
