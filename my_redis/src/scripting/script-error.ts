import { fieldText, isCounted, untilZero } from "./error-tables.ts";
import { luaStatus, luaType, type LuaState } from "./lua/lua-api.ts";
import type { Lua } from "./lua/lua.ts";
import { type Place, placeOf } from "./lua/place.ts";

/** How EVAL answers a script that failed. */
export interface ScriptFailure {
  /** Without the leading minus. */
  readonly message: string;
  /** The error statistics have counted it already, with the command that failed. */
  readonly counted: boolean;
}

/** The failure of a script whose error is on top of its thread's stack. */
export function failureOf(lua: Lua, thread: LuaState, status: number, sha1: string): ScriptFailure {
  const { api } = lua;
  if (status === luaStatus.memoryError) return memoryFailure(lua, sha1);
  const place = placeOf(lua, thread);
  if (api.lua_type(thread, -1) !== luaType.table) {
    return { message: withPlace(`ERR ${textOf(lua, thread)}`, sha1, place), counted: false };
  }
  const message = fieldText(lua, thread, "err") ?? "ERR unknown error";
  return { message: withPlace(message, sha1, place), counted: isCounted(lua, thread) };
}

/** The failure of a script that was killed while it was paused at a place. */
export function killedFailure(sha1: string, place: Place | undefined): ScriptFailure {
  return { message: withPlace("ERR Script killed by user with SCRIPT KILL...", sha1, place), counted: false };
}

export function memoryFailure(lua: Lua, sha1: string): ScriptFailure {
  const limit = `not enough memory: the limit of ${lua.memory.limitBytes} bytes is reached`;
  return { message: `ERR Error running script ${sha1}, ${limit}`, counted: false };
}

const withPlace = (message: string, sha1: string, place: Place | undefined): string =>
  place === undefined ? message : `${message} script: ${sha1}, on ${place.source}:${place.line}.`;

/** An error that is not a table, as Lua's tostring prints it. */
function textOf(lua: Lua, thread: LuaState): string {
  const { api } = lua;
  const text = lua.text(thread, -1);
  if (text !== undefined) return untilZero(text);
  const type = api.lua_type(thread, -1);
  if (type === luaType.boolean) return api.lua_toboolean(thread, -1) === 0 ? "false" : "true";
  const name = lua.memory.cString(api.lua_typename(thread, type));
  return type === luaType.nil ? name : `${name}: 0x${api.lua_topointer(thread, -1).toString(16).padStart(8, "0")}`;
}
