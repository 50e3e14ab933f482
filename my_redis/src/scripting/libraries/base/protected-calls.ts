import type { Activations } from "../../lua/activations.ts";
import { callCoroutine } from "../../lua/call-coroutine.ts";
import { registryIndex, type LuaState, type NativeFunction } from "../../lua/lua-api.ts";
import type { Lua } from "../../lua/lua.ts";
import { makeTrampoline, throughTrampoline } from "./trampoline.ts";

/** pcall and xpcall. They run the protected function as a coroutine, so that the time limit can pause it. */
export function protectedCalls(lua: Lua, activations: Activations): Record<"pcall" | "xpcall", NativeFunction> {
  const { api } = lua;
  const trampoline = makeTrampoline(lua);

  /** Moves a function and its `count - 1` arguments to a thread; returns the number of arguments there. */
  const prepare = (state: LuaState, thread: LuaState, count: number): number => {
    if (api.lua_checkstack(thread, count + 1) === 0) return lua.raise(state, "stack overflow");
    const isOurs = lua.isAdded(api.lua_tocfunction(state, -count));
    api.lua_xmove(state, thread, count);
    return (isOurs ? throughTrampoline(lua, thread, trampoline, count) : count) - 1;
  };

  return {
    pcall: (state) => {
      const count = api.lua_gettop(state);
      if (count === 0) {
        // The result of Redis's pcall without a function.
        api.lua_pushboolean(state, 0);
        lua.pushText(state, "attempt to call a boolean value");
        return 2;
      }
      const { thread, reference } = activations.acquire();
      const argumentCount = prepare(state, thread, count);
      return callCoroutine(lua, activations, state, { thread, reference, kind: "pcall", handler: 0 }, argumentCount);
    },
    xpcall: (state) => {
      api.luaL_checkany(state, 2);
      api.lua_settop(state, 2);
      const handler = api.luaL_ref(state, registryIndex);
      const { thread, reference } = activations.acquire();
      const argumentCount = prepare(state, thread, 1);
      return callCoroutine(lua, activations, state, { thread, reference, kind: "xpcall", handler }, argumentCount);
    },
  };
}
