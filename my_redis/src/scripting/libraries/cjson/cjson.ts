import type { LuaState, NativeFunction } from "../../lua/lua-api.ts";
import type { LuaLibrary } from "../library.ts";
import type { Lua } from "../../lua/lua.ts";
import { JsonDecoder } from "./cjson-decoder.ts";
import { JsonEncoder } from "./cjson-encoder.ts";
import { initializeSettings, settingFunctions, settingsBytes } from "./cjson-settings.ts";

/** Lua CJSON 2.1.0, as Redis carries it. */
export function cjsonLibrary(lua: Lua): LuaLibrary {
  const { api } = lua;
  const encoder = new JsonEncoder(lua);
  const decoder = new JsonDecoder(lua);

  const expectOneArgument = (state: LuaState): void => {
    if (api.lua_gettop(state) !== 1) lua.argumentError(state, 1, "expected 1 argument");
  };

  const functions: Record<string, NativeFunction> = {
    encode: (state) => {
      expectOneArgument(state);
      encoder.encode(state);
      return 1;
    },
    decode: (state) => {
      expectOneArgument(state);
      decoder.decode(state);
      return 1;
    },
    ...settingFunctions(lua),
    new: (state) => {
      api.lua_createtable(state, 0, 0);
      fill(state);
      return 1;
    },
  };
  const indexes = lua.addFunctions(Object.values(functions));

  /** Makes the table on top of the stack a cjson instance with its own settings. */
  const fill = (state: LuaState): void => {
    initializeSettings(lua, api.lua_newuserdata(state, settingsBytes));
    for (const [at, name] of Object.keys(functions).entries()) {
      api.lua_pushvalue(state, -1);
      api.lua_pushcclosure(state, indexes[at] as number, 1);
      api.lua_setfield(state, -3, lua.cString(name));
    }
    api.lua_settop(state, -2);
    api.lua_pushlightuserdata(state, 0);
    api.lua_setfield(state, -2, lua.cString("null"));
    lua.pushText(state, "cjson");
    api.lua_setfield(state, -2, lua.cString("_NAME"));
    lua.pushText(state, "2.1.0");
    api.lua_setfield(state, -2, lua.cString("_VERSION"));
  };

  return { name: "cjson", open: () => fill(lua.state) };
}
