import type { Activations } from "../../lua/activations.ts";
import { luaType, type LuaState, type NativeFunction } from "../../lua/lua-api.ts";
import type { Lua } from "../../lua/lua.ts";
import { debugBytes } from "../../lua/place.ts";

/**
 * Lua's `error`, with levels that reach beyond pcall. A function under pcall runs as a coroutine here, and its call
 * stack ends where the coroutine began, so Lua's own `error` would stop there.
 */
export function errorFunction(lua: Lua, activations: Activations, original: NativeFunction): NativeFunction {
  const { api } = lua;
  const hasLevel = (thread: LuaState, level: number): boolean =>
    api.lua_getstack(thread, level, lua.scratch(debugBytes)) !== 0;

  return (state) => {
    if (api.lua_type(state, 2) <= luaType.nil || api.lua_isstring(state, 1) === 0) return original(state);
    let level = api.luaL_checkinteger(state, 2);
    if (level < 2 || hasLevel(state, level)) return original(state);
    for (const caller of activations.protectedCallers()) {
      for (let depth = level; depth >= 0; depth--) {
        if (hasLevel(caller.inner, depth)) {
          level -= depth + 1;
          break;
        }
      }
      if (!hasLevel(caller.outer, level)) continue;
      api.luaL_where(caller.outer, level);
      api.lua_xmove(caller.outer, state, 1);
      api.lua_pushvalue(state, 1);
      api.lua_concat(state, 2);
      return api.lua_error(state);
    }
    return original(state);
  };
}
