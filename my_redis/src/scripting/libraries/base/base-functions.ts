import { formatInteger, integerConversion, needsWideFormat } from "./integer-format.ts";
import { luaType, type LuaState, type NativeFunction } from "../../lua/lua-api.ts";
import type { Lua } from "../../lua/lua.ts";
import { parseUnsigned } from "./text-to-number.ts";

/** Lua's own functions that are replaced, found by name in the globals (or in one of their tables). */
export interface ReplacedFunctions {
  readonly tonumber: NativeFunction;
  readonly tostring: NativeFunction;
  readonly format: NativeFunction;
  readonly unpack: NativeFunction;
}

/** The functions that differ between stock Lua and Redis's Lua, or in a build with 32-bit integers. */
export function baseFunctions(lua: Lua, original: ReplacedFunctions) {
  return {
    setmetatable: (state: LuaState) => setMetatable(lua, state),
    tostring: (state: LuaState) => toText(lua, original.tostring, state),
    tonumber: (state: LuaState) => toNumber(lua, original.tonumber, state),
    format: (state: LuaState) => format(lua, original.format, state),
    unpack: (state: LuaState) => unpack(lua, original.unpack, state),
  };
}

/** The metatable of a read-only table is read-only, too. */
function setMetatable(lua: Lua, state: LuaState): number {
  const { api } = lua;
  api.luaL_checktype(state, 1, luaType.table);
  const type = api.lua_type(state, 2);
  if (type !== luaType.nil && type !== luaType.table) return lua.argumentError(state, 2, "nil or table expected");
  if (api.luaL_getmetafield(state, 1, lua.cString("__metatable")) !== 0) {
    return lua.raise(state, "cannot change a protected metatable");
  }
  if (lua.isReadOnly(state, 1)) {
    lua.pushText(state, "Attempt to modify a readonly table");
    return api.lua_error(state);
  }
  api.lua_settop(state, 2);
  api.lua_setmetatable(state, 1);
  return 1;
}

const maxInteger = 2 ** 31 - 1;

/** Lua's own `unpack` overflows its count of results for very large ranges, and then writes beyond its stack. */
function unpack(lua: Lua, original: NativeFunction, state: LuaState): number {
  const { api } = lua;
  if (api.lua_type(state, 1) === luaType.table) {
    const first = api.lua_isnumber(state, 2) === 0 ? 1 : api.luaL_checkinteger(state, 2);
    const last = api.lua_isnumber(state, 3) === 0 ? api.lua_objlen(state, 1) : api.luaL_checkinteger(state, 3);
    if (last - first >= maxInteger) return lua.raise(state, "too many results to unpack");
  }
  return original(state);
}

/** Existing scripts compare cjson.null with the text that Redis's C library prints for it. */
function toText(lua: Lua, original: NativeFunction, state: LuaState): number {
  if (lua.api.lua_type(state, 1) !== luaType.lightUserdata || lua.api.lua_touserdata(state, 1) !== 0) {
    return original(state);
  }
  lua.pushText(state, "userdata: (nil)");
  return 1;
}

function toNumber(lua: Lua, original: NativeFunction, state: LuaState): number {
  const { api } = lua;
  if (api.lua_type(state, 2) <= luaType.nil) return original(state);
  const base = api.luaL_checkinteger(state, 2);
  if (base === 10) return original(state);
  const address = lua.checkString(state, 1);
  if (base < 2 || base > 36) return lua.argumentError(state, 2, "base out of range");
  const value = parseUnsigned(lua.memory.bytes.subarray(address, address + lua.length), base);
  if (value === undefined) api.lua_pushnil(state);
  else api.lua_pushnumber(state, value);
  return 1;
}

/**
 * Lua's string.format, with 64-bit integers: those that need more than 32 bits are formatted here, and passed to Lua's
 * function as text.
 */
function format(lua: Lua, original: NativeFunction, state: LuaState): number {
  const { api } = lua;
  const count = api.lua_gettop(state);
  if (count < 2 || !hasWideNumber(lua, state, count)) return original(state);
  const pattern = lua.text(state, 1) ?? "";
  let rebuilt = "";
  let argument = 1;
  for (let at = 0; at < pattern.length;) {
    const percent = pattern.indexOf("%", at);
    if (percent < 0 || pattern[percent + 1] === "%") {
      const end = percent < 0 ? pattern.length : percent + 2;
      rebuilt += pattern.slice(at, end);
      at = end;
      continue;
    }
    rebuilt += pattern.slice(at, percent);
    argument++;
    integerConversion.lastIndex = percent;
    const match = integerConversion.exec(pattern);
    const value = match !== null && api.lua_isnumber(state, argument) !== 0 ? api.lua_tonumber(state, argument) : 0;
    if (match !== null && needsWideFormat(match[4] as string, value)) {
      lua.pushText(state, formatInteger(match, value));
      api.lua_replace(state, argument);
      rebuilt += "%s";
      at = percent + match[0].length;
    } else {
      rebuilt += "%";
      at = percent + 1;
    }
  }
  lua.pushText(state, rebuilt);
  api.lua_replace(state, 1);
  return original(state);
}

function hasWideNumber(lua: Lua, state: LuaState, count: number): boolean {
  const { api } = lua;
  for (let index = 2; index <= count; index++) {
    if (api.lua_isnumber(state, index) === 0) continue;
    const value = api.lua_tonumber(state, index);
    if (!(value >= 0 && value < 2 ** 31)) return true;
  }
  return false;
}
