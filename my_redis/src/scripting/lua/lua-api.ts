/** A Lua state (the main one or a coroutine's), as an address in the VM's memory. */
export type LuaState = number;

/** A function of Lua's registry: `(state) => number of results`, with arguments and results on the state's stack. */
export type NativeFunction = (state: LuaState) => number;

export const registryIndex = -10000;
export const globalsIndex = -10002;
/** The stack index of the first value that a closure holds. */
export const firstUpvalue = -10003;

export const luaType = {
  none: -1,
  nil: 0,
  boolean: 1,
  lightUserdata: 2,
  number: 3,
  string: 4,
  table: 5,
  function: 6,
  userdata: 7,
  thread: 8,
} as const;

/** Results of lua_resume and lua_pcall. */
export const luaStatus = { ok: 0, yield: 1, runtimeError: 2, syntaxError: 3, memoryError: 4 } as const;

/**
 * Lua's C API as the binary exports it, documented in section 3 of the Lua 5.1 reference manual. Strings are passed as
 * addresses of bytes in the VM's memory.
 */
export interface LuaApi {
  readonly memory: WebAssembly.Memory;
  readonly __indirect_function_table: WebAssembly.Table;
  __wasm_call_ctors(): void;
  malloc(bytes: number): number;
  free(address: number): void;
  setThrew(threw: number, value: number): void;
  stackSave(): number;
  stackRestore(pointer: number): void;

  luaL_newstate(): LuaState;
  luaopen_base(state: LuaState): number;
  luaopen_table(state: LuaState): number;
  luaopen_string(state: LuaState): number;
  luaopen_math(state: LuaState): number;

  lua_gettop(state: LuaState): number;
  lua_settop(state: LuaState, index: number): void;
  lua_pushvalue(state: LuaState, index: number): void;
  lua_remove(state: LuaState, index: number): void;
  lua_insert(state: LuaState, index: number): void;
  lua_replace(state: LuaState, index: number): void;
  lua_checkstack(state: LuaState, extra: number): number;
  lua_xmove(from: LuaState, to: LuaState, count: number): void;

  lua_type(state: LuaState, index: number): number;
  lua_typename(state: LuaState, type: number): number;
  lua_isnumber(state: LuaState, index: number): number;
  lua_isstring(state: LuaState, index: number): number;
  lua_iscfunction(state: LuaState, index: number): number;
  lua_tonumber(state: LuaState, index: number): number;
  lua_toboolean(state: LuaState, index: number): number;
  lua_tolstring(state: LuaState, index: number, lengthAddress: number): number;
  lua_tocfunction(state: LuaState, index: number): number;
  lua_touserdata(state: LuaState, index: number): number;
  lua_tothread(state: LuaState, index: number): LuaState;
  lua_topointer(state: LuaState, index: number): number;
  lua_objlen(state: LuaState, index: number): number;

  lua_pushnil(state: LuaState): void;
  lua_pushnumber(state: LuaState, value: number): void;
  lua_pushboolean(state: LuaState, value: number): void;
  lua_pushlstring(state: LuaState, address: number, length: number): void;
  lua_pushcclosure(state: LuaState, functionIndex: number, upvalues: number): void;
  lua_pushlightuserdata(state: LuaState, value: number): void;
  lua_pushthread(state: LuaState): number;

  lua_newuserdata(state: LuaState, bytes: number): number;
  lua_createtable(state: LuaState, arraySlots: number, hashSlots: number): void;
  lua_gettable(state: LuaState, index: number): void;
  lua_settable(state: LuaState, index: number): void;
  lua_getfield(state: LuaState, index: number, name: number): void;
  lua_setfield(state: LuaState, index: number, name: number): void;
  lua_rawget(state: LuaState, index: number): void;
  lua_rawset(state: LuaState, index: number): void;
  lua_rawgeti(state: LuaState, index: number, key: number): void;
  lua_rawseti(state: LuaState, index: number, key: number): void;
  lua_next(state: LuaState, index: number): number;
  lua_getmetatable(state: LuaState, index: number): number;
  lua_setmetatable(state: LuaState, index: number): number;

  lua_newthread(state: LuaState): LuaState;
  lua_resume(state: LuaState, argumentCount: number): number;
  lua_yield(state: LuaState, resultCount: number): number;
  lua_status(state: LuaState): number;
  lua_call(state: LuaState, argumentCount: number, resultCount: number): void;
  lua_pcall(state: LuaState, argumentCount: number, resultCount: number, handlerIndex: number): number;
  lua_error(state: LuaState): never;
  lua_concat(state: LuaState, count: number): void;
  lua_gc(state: LuaState, what: number, data: number): number;
  lua_sethook(state: LuaState, functionIndex: number, mask: number, count: number): number;
  lua_getstack(state: LuaState, level: number, activation: number): number;
  lua_getinfo(state: LuaState, what: number, activation: number): number;

  luaL_loadbuffer(state: LuaState, address: number, length: number, name: number): number;
  luaL_ref(state: LuaState, index: number): number;
  luaL_unref(state: LuaState, index: number, reference: number): void;
  luaL_where(state: LuaState, level: number): void;
  luaL_argerror(state: LuaState, argument: number, message: number): never;
  luaL_checkany(state: LuaState, argument: number): void;
  luaL_checktype(state: LuaState, argument: number, type: number): void;
  luaL_checknumber(state: LuaState, argument: number): number;
  luaL_checkinteger(state: LuaState, argument: number): number;
  luaL_checklstring(state: LuaState, argument: number, lengthAddress: number): number;
  luaL_optlstring(state: LuaState, argument: number, standard: number, lengthAddress: number): number;
  luaL_checkstack(state: LuaState, extra: number, message: number): void;
  luaL_getmetafield(state: LuaState, index: number, name: number): number;
}
