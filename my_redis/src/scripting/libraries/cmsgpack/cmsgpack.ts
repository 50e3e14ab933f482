import { luaType, type LuaState, type NativeFunction } from "../../lua/lua-api.ts";
import { type LuaLibrary, setConstants, setFunctions } from "../library.ts";
import type { Lua } from "../../lua/lua.ts";
import { MessagePackDecoder } from "./message-pack-decoder.ts";
import { MessagePackEncoder } from "./message-pack-encoder.ts";

const constants = {
  _NAME: "cmsgpack",
  _VERSION: "lua-cmsgpack 0.4.0",
  _COPYRIGHT: "Copyright (C) 2012, Salvatore Sanfilippo",
  _DESCRIPTION: "MessagePack C implementation for Lua",
};

/** lua-cmsgpack 0.4.0, as Redis carries it. */
export function cmsgpackLibrary(lua: Lua): LuaLibrary {
  const { api } = lua;
  const encoder = new MessagePackEncoder(lua);
  const decoder = new MessagePackDecoder(lua);

  const pack: NativeFunction = (state) => {
    const count = api.lua_gettop(state);
    if (count === 0) return lua.argumentError(state, 0, "MessagePack pack needs input.");
    api.luaL_checkstack(state, 1, lua.cString("in function mp_check"));
    const { out } = encoder;
    out.clear();
    for (let index = 1; index <= count; index++) {
      api.lua_pushvalue(state, index);
      encoder.value(state, 0);
    }
    lua.pushBytes(state, out.bytes, 0, out.length);
    return 1;
  };

  /** Decodes `limit` values from `offset`. When both are 0, decodes all values and does not return the next offset. */
  const unpackFrom = (state: LuaState, limit: number, offset: number): number => {
    const address = lua.checkString(state, 1);
    const { length } = lua;
    if (offset < 0 || limit < 0) {
      return lua.raise(state, `Invalid request to unpack with offset of ${offset} and limit of ${length}.`);
    }
    if (offset > length) return lua.raise(state, `Start offset ${offset} greater than input length ${length}.`);
    const all = limit === 0 && offset === 0;
    const end = address + length;
    decoder.start(address + offset, end);
    let count = 0;
    for (; decoder.position < end && (all || count < limit); count++) {
      const error = decoder.value(state);
      if (error !== undefined) return lua.raise(state, error);
    }
    if (all) return count;
    api.luaL_checkstack(state, 1, 0);
    api.lua_pushnumber(state, decoder.position === end ? -1 : decoder.position - address);
    api.lua_insert(state, -1 - count);
    return count + 1;
  };

  const optionalInteger = (state: LuaState, argument: number): number =>
    api.lua_type(state, argument) <= luaType.nil ? 0 : api.luaL_checkinteger(state, argument);

  const functions: Record<string, NativeFunction> = {
    pack,
    unpack: (state) => unpackFrom(state, 0, 0),
    unpack_one: (state) => {
      const offset = optionalInteger(state, 2);
      api.lua_settop(state, 1);
      return unpackFrom(state, 1, offset);
    },
    unpack_limit: (state) => {
      const limit = api.luaL_checkinteger(state, 2);
      const offset = optionalInteger(state, 3);
      api.lua_settop(state, 1);
      return unpackFrom(state, limit, offset);
    },
  };
  return {
    name: "cmsgpack",
    open: () => {
      setFunctions(lua, functions);
      setConstants(lua, constants);
    },
  };
}
