import type { Activations } from "../../lua/activations.ts";
import { callCoroutine } from "../../lua/call-coroutine.ts";
import { firstUpvalue, luaStatus, luaType, type LuaState, type NativeFunction } from "../../lua/lua-api.ts";
import type { Lua } from "../../lua/lua.ts";

type Status = "running" | "normal" | "suspended" | "dead";

/** Replaces the functions of `coroutine` that depend on `Activations`; create stays Lua's own. */
export function coroutineFunctions(lua: Lua, activations: Activations): Record<string, NativeFunction> {
  return { ...resuming(lua, activations), ...inside(lua, activations) };
}

function statusOf(lua: Lua, activations: Activations, coroutine: LuaState): Status {
  if (coroutine === activations.currentCoroutine) return "running";
  if (activations.isActive(coroutine)) return "normal";
  const status = lua.api.lua_status(coroutine);
  if (status === luaStatus.yield) return "suspended";
  return status === luaStatus.ok && lua.api.lua_gettop(coroutine) > 0 ? "suspended" : "dead";
}

function checkCoroutine(lua: Lua, state: LuaState): LuaState {
  const coroutine = lua.api.lua_tothread(state, 1);
  return coroutine === 0 ? lua.argumentError(state, 1, "coroutine expected") : coroutine;
}

/** resume and wrap. */
function resuming(lua: Lua, activations: Activations): Record<"resume" | "wrap", NativeFunction> {
  const { api } = lua;

  /**
   * Moves `count` arguments from the top of `state` to a coroutine that can be resumed; for any other it returns the
   * error.
   */
  const prepare = (state: LuaState, coroutine: LuaState, count: number): string | undefined => {
    const status = statusOf(lua, activations, coroutine);
    if (status !== "suspended") return `cannot resume ${status} coroutine`;
    if (api.lua_checkstack(coroutine, count) === 0) return "too many arguments to resume";
    api.lua_xmove(state, coroutine, count);
    return undefined;
  };

  /** The function that coroutine.wrap returns. It holds its coroutine. */
  const wrapped: NativeFunction = (state) => {
    const thread = api.lua_tothread(state, firstUpvalue);
    const count = api.lua_gettop(state);
    const refusal = prepare(state, thread, count);
    if (refusal !== undefined) return lua.raise(state, refusal);
    return callCoroutine(lua, activations, state, { thread, reference: 0, kind: "wrap", handler: 0 }, count);
  };
  const [wrappedIndex] = lua.addFunctions([wrapped]);

  return {
    resume: (state) => {
      const thread = checkCoroutine(lua, state);
      const count = api.lua_gettop(state) - 1;
      const refusal = prepare(state, thread, count);
      if (refusal === undefined) {
        return callCoroutine(lua, activations, state, { thread, reference: 0, kind: "resume", handler: 0 }, count);
      }
      api.lua_pushboolean(state, 0);
      lua.pushText(state, refusal);
      return 2;
    },
    wrap: (state) => {
      if (api.lua_type(state, 1) !== luaType.function || api.lua_iscfunction(state, 1) !== 0) {
        return lua.argumentError(state, 1, "Lua function expected");
      }
      const thread = api.lua_newthread(state);
      api.lua_pushvalue(state, 1);
      api.lua_xmove(state, thread, 1);
      api.lua_pushcclosure(state, wrappedIndex as number, 1);
      return 1;
    },
  };
}

/** yield, and the functions by which a script inspects coroutines. */
function inside(lua: Lua, activations: Activations): Record<"yield" | "status" | "running", NativeFunction> {
  const { api } = lua;
  return {
    /** The script cannot yield out of the coroutine of a pcall, nor out of its own outermost one. */
    yield: (state) => {
      const kind = activations.current?.kind;
      if (kind === "resume" || kind === "wrap") return api.lua_yield(state, api.lua_gettop(state));
      lua.pushText(state, "attempt to yield across metamethod/C-call boundary");
      return api.lua_error(state);
    },
    status: (state) => {
      lua.pushText(state, statusOf(lua, activations, checkCoroutine(lua, state)));
      return 1;
    },
    running: (state) => {
      const coroutine = activations.currentCoroutine;
      if (coroutine === 0) {
        api.lua_pushnil(state);
        return 1;
      }
      api.lua_pushthread(coroutine);
      if (coroutine !== state) api.lua_xmove(coroutine, state, 1);
      return 1;
    },
  };
}
