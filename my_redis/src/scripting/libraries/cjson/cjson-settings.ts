import { firstUpvalue, luaType, type LuaState, type NativeFunction } from "../../lua/lua-api.ts";
import type { Lua } from "../../lua/lua.ts";

/**
 * The settings of one cjson instance (cjson.new makes further ones). They lie in a block of the VM's memory that the
 * functions hold as their upvalue, so that Lua's garbage collector frees them. The block consists of words in this
 * order.
 */
const fields = {
  sparseConvert: 0,
  sparseRatio: 1,
  sparseSafe: 2,
  encodeMaxDepth: 3,
  decodeMaxDepth: 4,
  encodeInvalidNumbers: 5,
  decodeInvalidNumbers: 6,
  keepBuffer: 7,
  numberPrecision: 8,
} as const;

type Field = keyof typeof fields;

const defaults: Readonly<Record<Field, number>> = {
  sparseConvert: 0,
  sparseRatio: 2,
  sparseSafe: 10,
  encodeMaxDepth: 1000,
  decodeMaxDepth: 1000,
  encodeInvalidNumbers: 0,
  decodeInvalidNumbers: 1,
  keepBuffer: 1,
  numberPrecision: 14,
};

export const settingsBytes = Object.keys(fields).length * 4;
const maxInteger = 2147483647;

/** Fills a new block with the initial settings. */
export function initializeSettings(lua: Lua, address: number): void {
  for (const [name, field] of Object.entries(fields)) lua.memory.setWord(address + field * 4, defaults[name as Field]);
}

/** Reads a setting of the instance to which the called function belongs. */
export function setting(lua: Lua, state: LuaState, name: Field): number {
  return lua.memory.word(lua.api.lua_touserdata(state, firstUpvalue) + fields[name] * 4);
}

/** The functions that read and change the settings. */
export function settingFunctions(lua: Lua): Record<string, NativeFunction> {
  const { api } = lua;

  const change = (state: LuaState, name: Field, value: number): void =>
    lua.memory.setWord(api.lua_touserdata(state, firstUpvalue) + fields[name] * 4, value);

  /** Sets the stack to exactly this many arguments; missing ones become nil. */
  const takeArguments = (state: LuaState, count: number): void => {
    if (api.lua_gettop(state) > count) lua.argumentError(state, count + 1, "found too many arguments");
    api.lua_settop(state, count);
  };

  const integerOption = (state: LuaState, argument: number, name: Field, least: number, most: number): void => {
    if (api.lua_type(state, argument) !== luaType.nil) {
      const value = api.luaL_checkinteger(state, argument);
      if (value < least || value > most) lua.argumentError(state, 1, `expected integer between ${least} and ${most}`);
      change(state, name, value);
    }
    api.lua_pushnumber(state, setting(lua, state, name));
  };

  /** Reads one of some words. The first two may be passed as false and true, and are returned as such. */
  const wordOption = (state: LuaState, name: Field, words: readonly string[]): void => {
    const type = api.lua_type(state, 1);
    if (type === luaType.boolean) change(state, name, api.lua_toboolean(state, 1));
    else if (type !== luaType.nil) change(state, name, checkWord(lua, state, words));
    const value = setting(lua, state, name);
    if (value < 2) api.lua_pushboolean(state, value);
    else lua.pushText(state, words[value] as string);
  };

  const integers =
    (name: Field, least: number, most: number): NativeFunction =>
    (state) => {
      takeArguments(state, 1);
      integerOption(state, 1, name, least, most);
      return 1;
    };
  const words =
    (name: Field, ...allowed: string[]): NativeFunction =>
    (state) => {
      takeArguments(state, 1);
      wordOption(state, name, allowed);
      return 1;
    };

  return {
    encode_sparse_array: (state) => {
      takeArguments(state, 3);
      wordOption(state, "sparseConvert", ["off", "on"]);
      integerOption(state, 2, "sparseRatio", 0, maxInteger);
      integerOption(state, 3, "sparseSafe", 0, maxInteger);
      return 3;
    },
    encode_max_depth: integers("encodeMaxDepth", 1, maxInteger),
    decode_max_depth: integers("decodeMaxDepth", 1, maxInteger),
    encode_number_precision: integers("numberPrecision", 1, 14),
    encode_keep_buffer: words("keepBuffer", "off", "on"),
    encode_invalid_numbers: words("encodeInvalidNumbers", "off", "on", "null"),
    decode_invalid_numbers: words("decodeInvalidNumbers", "off", "on"),
  };
}

function checkWord(lua: Lua, state: LuaState, words: readonly string[]): number {
  lua.checkString(state, 1);
  const word = lua.text(state, 1) ?? "";
  const index = words.indexOf(word);
  if (index >= 0) return index;
  // The message contains the script's own text, so it must not be stored among the permanent texts.
  lua.pushText(state, `invalid option '${word.replace(/\0.*/s, "")}'\0`);
  return lua.api.luaL_argerror(state, 1, lua.string(state, -1));
}
