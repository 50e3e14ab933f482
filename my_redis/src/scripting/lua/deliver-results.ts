import type { Activation, ThreadPool } from "./activation.ts";
import { luaStatus, luaType, registryIndex, type LuaState } from "./lua-api.ts";
import type { Lua } from "./lua.ts";

/**
 * Moves the outcome of a coroutine to the stack of its caller. Returns the number of results, or undefined when it is
 * an error that continues in the caller.
 */
export function deliver(
  lua: Lua,
  threads: ThreadPool,
  ended: Activation,
  status: number,
  caller: LuaState,
): number | undefined {
  const succeeded = status === luaStatus.ok || status === luaStatus.yield;
  const count = succeeded ? moveResults(lua, ended, caller) : moveError(lua, threads, ended, status, caller);
  threads.discard(ended.handler);
  if (ended.reference !== 0) {
    if (succeeded) threads.release(ended);
    else threads.discard(ended.reference);
  }
  return count;
}

function moveResults(lua: Lua, { thread, kind }: Activation, caller: LuaState): number {
  const { api } = lua;
  const count = api.lua_gettop(thread);
  if (api.lua_checkstack(caller, count + 1) === 0) {
    api.lua_pushboolean(caller, 0);
    lua.pushText(caller, "too many results to resume");
    return 2;
  }
  const first = kind === "wrap" ? 0 : 1;
  if (first === 1) api.lua_pushboolean(caller, 1);
  api.lua_xmove(thread, caller, count);
  return first + count;
}

function moveError(
  lua: Lua,
  threads: ThreadPool,
  ended: Activation,
  status: number,
  caller: LuaState,
): number | undefined {
  const { api } = lua;
  const { thread, kind } = ended;
  if (kind === "xpcall" && status !== luaStatus.memoryError && !threads.aborting) {
    callHandler(lua, threads, ended);
  }
  if (threads.aborting) {
    api.lua_xmove(thread, caller, 1);
    return undefined;
  }
  if (kind === "wrap") {
    moveWithPlace(lua, thread, caller);
    return undefined;
  }
  api.lua_pushboolean(caller, 0);
  api.lua_xmove(thread, caller, 1);
  if (kind === "pcall") takeErrorText(lua, caller);
  return 2;
}

/** The error of a wrapped coroutine. A text gets the place of the call in front, as in Lua's own coroutine.wrap. */
function moveWithPlace(lua: Lua, thread: LuaState, caller: LuaState): void {
  const { api } = lua;
  const isText = api.lua_type(thread, -1) === luaType.string;
  if (isText) api.luaL_where(caller, 1);
  api.lua_xmove(thread, caller, 1);
  if (isText) api.lua_concat(caller, 2);
}

/** Redis's pcall returns the text of an error table instead of the table, as before version 7. */
function takeErrorText(lua: Lua, state: LuaState): void {
  const { api } = lua;
  if (api.lua_type(state, -1) !== luaType.table) return;
  lua.getField(state, "err");
  if (api.lua_isstring(state, -1) !== 0) api.lua_replace(state, -2);
  else api.lua_settop(state, -2);
}

/** Replaces the error on the failed thread by the result of xpcall's handler. */
function callHandler(lua: Lua, threads: ThreadPool, { thread, handler }: Activation): void {
  const { api } = lua;
  const helper = threads.acquire();
  api.lua_rawgeti(helper.thread, registryIndex, handler);
  api.lua_xmove(thread, helper.thread, 1);
  const handled = api.lua_pcall(helper.thread, 1, 1, 0) === luaStatus.ok;
  if (handled || threads.aborting) api.lua_xmove(helper.thread, thread, 1);
  else lua.pushText(thread, "error in error handling");
  threads.release(helper);
}
