import { luaType, type LuaState } from "./lua/lua-api.ts";
import type { Lua } from "./lua/lua.ts";

/** A text as C reads it: up to the first zero byte. */
export const untilZero = (text: string): string => {
  const zero = text.indexOf("\0");
  return zero < 0 ? text : text.slice(0, zero);
};

/**
 * The text of an error table from an error message. With a leading minus ("-WRONGTYPE Operation ...") the first word is
 * the code, and a single word is the message. Without a minus the code is ERR.
 */
export function errorText(message: string): string {
  const text = untilZero(message);
  if (!text.startsWith("-")) return `ERR ${trimLineEnds(text)}`;
  const space = text.indexOf(" ");
  if (space < 0) return `ERR ${trimLineEnds(text.slice(1))}`;
  return `${text.slice(1, space)} ${trimLineEnds(text.slice(space + 1))}`;
}

const trimLineEnds = (text: string): string => text.replace(/^[\r\n]+|[\r\n]+$/g, "");

/** Pushes an error table: {err = text}. */
export function pushError(lua: Lua, state: LuaState, message: string): void {
  lua.api.lua_createtable(state, 0, 0);
  lua.pushText(state, errorText(message));
  lua.api.lua_setfield(state, -2, lua.cString("err"));
}

/** Marks the error table on top of the stack as counted by the error statistics. */
export function markCounted(lua: Lua, state: LuaState): void {
  lua.api.lua_pushboolean(state, 1);
  lua.api.lua_setfield(state, -2, lua.cString("ignore_error_stats_update"));
}

/** Raises an error table. */
export function raiseError(lua: Lua, state: LuaState, message: string): never {
  pushError(lua, state, message);
  return lua.api.lua_error(state);
}

/**
 * The text of a field of the table on top of the stack, up to a zero byte; undefined when it is neither string nor
 * number.
 */
export function fieldText(lua: Lua, state: LuaState, name: string): string | undefined {
  lua.getField(state, name);
  const text = lua.text(state, -1);
  lua.api.lua_settop(state, -2);
  return text === undefined ? undefined : untilZero(text);
}

/** Whether the error table on top of the stack is marked as counted. */
export function isCounted(lua: Lua, state: LuaState): boolean {
  const { api } = lua;
  lua.getField(state, "ignore_error_stats_update");
  const counted = api.lua_type(state, -1) === luaType.boolean && api.lua_toboolean(state, -1) !== 0;
  api.lua_settop(state, -2);
  return counted;
}
