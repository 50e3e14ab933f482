import type { NativeFunction } from "../lua/lua-api.ts";
import type { Lua } from "../lua/lua.ts";

/** A table of functions and constants among the globals. */
export interface LuaLibrary {
  readonly name: string;
  /**
   * Fills the table on top of the main state's stack. The table exists already when it is one of Lua's own libraries.
   */
  readonly open: (lua: Lua) => void;
}

/** Sets functions as fields of the table on top of the main state's stack. */
export function setFunctions(lua: Lua, functions: Readonly<Record<string, NativeFunction>>): void {
  const { api, state } = lua;
  const indexes = lua.addFunctions(Object.values(functions));
  for (const [at, name] of Object.keys(functions).entries()) {
    api.lua_pushcclosure(state, indexes[at] as number, 0);
    api.lua_setfield(state, -2, lua.cString(name));
  }
}

/** Sets constants as fields of the table on top of the main state's stack. */
export function setConstants(lua: Lua, constants: Readonly<Record<string, string | number>>): void {
  const { api, state } = lua;
  for (const [name, value] of Object.entries(constants)) {
    if (typeof value === "string") lua.pushText(state, value);
    else api.lua_pushnumber(state, value);
    api.lua_setfield(state, -2, lua.cString(name));
  }
}
