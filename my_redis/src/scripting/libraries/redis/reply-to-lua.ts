import { parseSafeInteger } from "../../../protocol/number-text.ts";
import { markCounted, pushError } from "../../error-tables.ts";
import type { LuaState } from "../../lua/lua-api.ts";
import type { Lua } from "../../lua/lua.ts";

const sign = {
  status: 43,
  error: 45,
  integer: 58,
  bulk: 36,
  array: 42,
  map: 37,
  set: 126,
  push: 62,
  null: 95,
  boolean: 35,
  double: 44,
  bigNumber: 40,
  verbatim: 61,
  attribute: 124,
};
const carriageReturn = 13;
const deepest = 3;

/** Converts the reply of a command to a Lua value, as Redis does (see "Data type conversion" of its Lua API). */
export class ReplyToLua {
  readonly #lua: Lua;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #lineEnd = 0;

  constructor(lua: Lua) {
    this.#lua = lua;
  }

  /** Pushes the value of the reply that begins at `start`. */
  push(state: LuaState, bytes: Uint8Array, start: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#value(state);
  }

  #value(state: LuaState): void {
    const lua = this.#lua;
    const { api } = lua;
    if (api.lua_checkstack(state, deepest) === 0) lua.raise(state, "stack overflow: a reply is nested too deeply");
    const type = this.#bytes[this.#at] as number;
    const start = this.#readLine();
    switch (type) {
      case sign.bulk:
        return this.#bulk(state, start);
      case sign.integer:
        return api.lua_pushnumber(state, this.#integer(start));
      case sign.status:
        return this.#field(state, "ok", start, this.#lineEnd);
      case sign.error:
        pushError(lua, state, this.#text(start - 1));
        return markCounted(lua, state);
      case sign.array:
      case sign.push:
        return this.#array(state, this.#integer(start));
      case sign.map:
        return this.#map(state, this.#integer(start));
      case sign.set:
        return this.#set(state, this.#integer(start));
      case sign.null:
        return api.lua_pushnil(state);
      case sign.boolean:
        return api.lua_pushboolean(state, this.#bytes[start] === 116 ? 1 : 0);
      default:
        return this.#rareValue(state, type, start);
    }
  }

  #rareValue(state: LuaState, type: number, start: number): void {
    const { api } = this.#lua;
    switch (type) {
      case sign.double:
        api.lua_createtable(state, 0, 0);
        api.lua_pushnumber(state, parseDouble(this.#text(start)));
        return api.lua_setfield(state, -2, this.#lua.cString("double"));
      case sign.bigNumber:
        return this.#field(state, "big_number", start, this.#lineEnd);
      case sign.verbatim:
        return this.#verbatim(state, this.#integer(start));
      case sign.attribute:
        return this.#skipAttribute(state, this.#integer(start));
      default:
        throw new Error(`a command replied with the unknown type ${String.fromCharCode(type)}`);
    }
  }

  /** Skips the type and its line; returns where the line's text begins. */
  #readLine(): number {
    const start = this.#at + 1;
    const bytes = this.#bytes;
    let end = start;
    while (bytes[end] !== carriageReturn) end++;
    this.#lineEnd = end;
    this.#at = end + 2;
    return start;
  }

  /** Integers above 2^53 are rounded, because a Lua number is a double. */
  #integer(start: number): number {
    const value = parseSafeInteger(this.#bytes, start, this.#lineEnd);
    return Number.isNaN(value) ? Number(this.#text(start)) : value;
  }

  #text(start: number): string {
    return Buffer.from(this.#bytes.subarray(start, this.#lineEnd)).toString("latin1");
  }

  #bulk(state: LuaState, start: number): void {
    const length = this.#integer(start);
    if (length < 0) {
      this.#lua.api.lua_pushboolean(state, 0);
      return;
    }
    this.#lua.pushBytes(state, this.#bytes, this.#at, this.#at + length);
    this.#at += length + 2;
  }

  #array(state: LuaState, count: number): void {
    const { api } = this.#lua;
    if (count < 0) return api.lua_pushboolean(state, 0);
    api.lua_createtable(state, 0, 0);
    for (let index = 1; index <= count; index++) {
      this.#value(state);
      api.lua_rawseti(state, -2, index);
    }
  }

  #map(state: LuaState, count: number): void {
    const { api } = this.#lua;
    api.lua_createtable(state, 0, 0);
    api.lua_createtable(state, 0, 0);
    for (let index = 0; index < count; index++) {
      this.#value(state);
      this.#value(state);
      api.lua_rawset(state, -3);
    }
    api.lua_setfield(state, -2, this.#lua.cString("map"));
  }

  #set(state: LuaState, count: number): void {
    const { api } = this.#lua;
    api.lua_createtable(state, 0, 0);
    api.lua_createtable(state, 0, 0);
    for (let index = 0; index < count; index++) {
      this.#value(state);
      api.lua_pushboolean(state, 1);
      api.lua_rawset(state, -3);
    }
    api.lua_setfield(state, -2, this.#lua.cString("set"));
  }

  #verbatim(state: LuaState, length: number): void {
    const lua = this.#lua;
    const { api } = lua;
    const start = this.#at;
    api.lua_createtable(state, 0, 0);
    api.lua_createtable(state, 0, 0);
    this.#setField(state, "string", start + 4, start + length);
    this.#setField(state, "format", start, start + 3);
    api.lua_setfield(state, -2, lua.cString("verbatim_string"));
    this.#at = start + length + 2;
  }

  /** Attributes are hidden from scripts; the value that follows is the reply. */
  #skipAttribute(state: LuaState, count: number): void {
    const { api } = this.#lua;
    for (let index = 0; index < count * 2; index++) {
      this.#value(state);
      api.lua_settop(state, -2);
    }
    this.#value(state);
  }

  /** Pushes a table with one field. */
  #field(state: LuaState, name: string, start: number, end: number): void {
    this.#lua.api.lua_createtable(state, 0, 0);
    this.#setField(state, name, start, end);
  }

  #setField(state: LuaState, name: string, start: number, end: number): void {
    this.#lua.pushBytes(state, this.#bytes, start, end);
    this.#lua.api.lua_setfield(state, -2, this.#lua.cString(name));
  }
}

function parseDouble(text: string): number {
  if (text.endsWith("inf")) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}
