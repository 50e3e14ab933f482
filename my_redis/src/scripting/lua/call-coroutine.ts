import type { Activation } from "./activation.ts";
import { type Activations, paused } from "./activations.ts";
import { deliver } from "./deliver-results.ts";
import type { LuaState } from "./lua-api.ts";
import type { Lua } from "./lua.ts";

/**
 * Runs a coroutine on behalf of the function that Lua has called in `state`; returns that function's result. The
 * coroutine's function and arguments are on its own stack. When the time limit pauses the coroutine, the caller yields
 * as well, and gets the results when the script continues.
 */
export function callCoroutine(
  lua: Lua,
  activations: Activations,
  state: LuaState,
  called: Omit<Activation, "blocked">,
  argumentCount: number,
): number {
  const status = activations.run(state, called, argumentCount);
  if (status === paused) return lua.api.lua_yield(state, 0);
  return deliver(lua, activations, { ...called, blocked: false }, status, state) ?? lua.api.lua_error(state);
}
