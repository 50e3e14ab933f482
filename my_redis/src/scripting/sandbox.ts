import type { Activations } from "./lua/activations.ts";
import { baseFunctions } from "./libraries/base/base-functions.ts";
import { loadFunctions } from "./libraries/base/chunk-loading.ts";
import { coroutineFunctions } from "./libraries/base/coroutine-functions.ts";
import { type DeterministicRandom, randomFunctions } from "./libraries/base/deterministic-random.ts";
import { errorFunction } from "./libraries/base/error-function.ts";
import { globalsIndex, luaType, type LuaState, type NativeFunction } from "./lua/lua-api.ts";
import { type LuaLibrary, setFunctions } from "./libraries/library.ts";
import type { Lua } from "./lua/lua.ts";
import { protectedCalls } from "./libraries/base/protected-calls.ts";

const removedGlobals = ["dofile", "loadfile", "print", "newproxy", "getfenv", "setfenv"];

export interface SandboxOptions {
  readonly activations: Activations;
  readonly random: DeterministicRandom;
  readonly libraries: readonly LuaLibrary[];
  /** Seconds of processor time, for os.clock. */
  readonly clock: () => number;
}

/** Fills the globals with what scripts find there in Redis 7, and makes all of it read-only. */
export function openSandbox(lua: Lua, options: SandboxOptions): void {
  const { api, state } = lua;
  for (const open of [api.luaopen_base, api.luaopen_table, api.luaopen_string, api.luaopen_math]) open(state);
  api.lua_settop(state, 0);
  for (const name of removedGlobals) {
    api.lua_pushnil(state);
    api.lua_setfield(state, globalsIndex, lua.cString(name));
  }
  for (const library of librariesOf(lua, options)) register(lua, library);
  setGlobalsMetatable(lua);
  api.lua_pushvalue(state, globalsIndex);
  protect(lua, state);
  api.lua_pushlstring(state, 0, 0);
  api.lua_getmetatable(state, -1);
  protect(lua, state);
  api.lua_settop(state, 0);
}

function librariesOf(lua: Lua, { activations, random, libraries, clock }: SandboxOptions): LuaLibrary[] {
  const { format, ...globals } = baseFunctions(lua, {
    tonumber: existing(lua, "", "tonumber"),
    tostring: existing(lua, "", "tostring"),
    format: existing(lua, "string", "format"),
    unpack: existing(lua, "", "unpack"),
  });
  const load = loadFunctions(lua, existing(lua, "", "load"), () => activations.aborting);
  const error = errorFunction(lua, activations, existing(lua, "", "error"));
  const osClock = (state: LuaState): number => {
    lua.api.lua_pushnumber(state, clock());
    return 1;
  };
  const library = (name: string, functions: Record<string, NativeFunction>): LuaLibrary => ({
    name,
    open: () => setFunctions(lua, functions),
  });
  return [
    library("", { ...globals, ...protectedCalls(lua, activations), error, ...load }),
    library("string", { format }),
    library("math", randomFunctions(lua, random)),
    library("coroutine", coroutineFunctions(lua, activations)),
    library("os", { clock: osClock }),
    ...libraries,
  ];
}

/** A function of one of Lua's own libraries ("" for a global), callable from JavaScript. */
function existing(lua: Lua, library: string, name: string): NativeFunction {
  const { api, state } = lua;
  api.lua_pushvalue(state, globalsIndex);
  if (library !== "") api.lua_getfield(state, -1, lua.cString(library));
  api.lua_getfield(state, -1, lua.cString(name));
  const index = api.lua_tocfunction(state, -1);
  api.lua_settop(state, 0);
  return lua.nativeFunction(index);
}

function register(lua: Lua, { name, open }: LuaLibrary): void {
  const { api, state } = lua;
  api.lua_pushvalue(state, globalsIndex);
  if (name !== "") openTable(lua, name);
  open(lua);
  api.lua_settop(state, 0);
}

function openTable(lua: Lua, name: string): void {
  const { api, state } = lua;
  const address = lua.cString(name);
  api.lua_getfield(state, globalsIndex, address);
  if (api.lua_type(state, -1) === luaType.table) return;
  api.lua_settop(state, -2);
  api.lua_createtable(state, 0, 0);
  api.lua_pushvalue(state, -1);
  api.lua_setfield(state, globalsIndex, address);
}

/** Reading a missing global is an error, because most often a `local` was forgotten. */
function setGlobalsMetatable(lua: Lua): void {
  const { api, state } = lua;
  const [index] = lua.addFunctions([
    (script: LuaState): number => {
      if (api.lua_isstring(script, -1) === 0) {
        return lua.raise(script, "Second argument to luaProtectedTableError must be a string or number");
      }
      const name = (lua.text(script, -1) ?? "").replace(/\0.*/s, "");
      return lua.raise(script, `Script attempted to access nonexistent global variable '${name}'`);
    },
  ]);
  api.lua_pushvalue(state, globalsIndex);
  api.lua_createtable(state, 0, 1);
  api.lua_pushcclosure(state, index as number, 0);
  api.lua_setfield(state, -2, lua.cString("__index"));
  api.lua_setmetatable(state, -2);
  api.lua_settop(state, 0);
}

/** Makes the table on top of the stack read-only, and every table in it and their metatables; pops it. */
function protect(lua: Lua, state: LuaState): void {
  const { api } = lua;
  if (api.lua_type(state, -1) !== luaType.table || lua.isReadOnly(state, -1)) {
    api.lua_settop(state, -2);
    return;
  }
  lua.setReadOnly(state, -1, true);
  api.lua_pushnil(state);
  while (api.lua_next(state, -2) !== 0) protect(lua, state);
  if (api.lua_getmetatable(state, -1) !== 0) protect(lua, state);
  api.lua_settop(state, -2);
}
