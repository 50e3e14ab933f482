import { writeInteger } from "../../../protocol/number-text.ts";
import { luaType, type LuaState } from "../../lua/lua-api.ts";
import { CountedWork } from "../../lua/counted-work.ts";
import type { Lua } from "../../lua/lua.ts";
import { formatGeneral } from "../../../values/general-format.ts";
import { ByteBuffer } from "../../../memory/byte-buffer.ts";
import { setting } from "./cjson-settings.ts";

const escapes = makeEscapes();
const quote = 34;
const comma = 44;
const colon = 58;
/** A value takes about as long as so many instructions of Lua. */
const valueInstructions = 20;
/** The same for a key, when the keys of a table are counted. */
const keyInstructions = 5;
/** The clock is looked at after so many bytes of a string. */
const bytesBetweenLooks = 16_384;

/** The escape of each byte of a string; undefined for bytes that stand as they are. */
function makeEscapes(): (string | undefined)[] {
  const table = new Array<string | undefined>(256).fill(undefined);
  for (let byte = 0; byte < 32; byte++) table[byte] = `\\u${byte.toString(16).padStart(4, "0")}`;
  table[127] = "\\u007f";
  for (const [byte, letter] of [
    [8, "b"],
    [9, "t"],
    [10, "n"],
    [12, "f"],
    [13, "r"],
    [34, '"'],
    [47, "/"],
    [92, "\\"],
  ] as const) {
    table[byte] = `\\${letter}`;
  }
  return table;
}

/** cjson.encode of Lua CJSON 2.1.0. */
export class JsonEncoder {
  readonly #lua: Lua;
  readonly #values: CountedWork;
  readonly #keys: CountedWork;
  readonly #out = new ByteBuffer();
  #depth = 0;
  #maxDepth = 0;
  #precision = 0;
  #invalidNumbers = 0;

  constructor(lua: Lua) {
    this.#lua = lua;
    this.#values = new CountedWork(lua, valueInstructions);
    this.#keys = new CountedWork(lua, keyInstructions);
  }

  /** Pushes the JSON of the value on top of the stack. */
  encode(state: LuaState): void {
    const lua = this.#lua;
    this.#maxDepth = setting(lua, state, "encodeMaxDepth");
    this.#precision = setting(lua, state, "numberPrecision");
    this.#invalidNumbers = setting(lua, state, "encodeInvalidNumbers");
    this.#depth = 0;
    this.#out.clear();
    this.#value(state);
    lua.pushBytes(state, this.#out.bytes, 0, this.#out.length);
  }

  #value(state: LuaState): void {
    const { api } = this.#lua;
    this.#values.unit(state);
    switch (api.lua_type(state, -1)) {
      case luaType.string:
        return this.#string(state, -1);
      case luaType.number:
        return this.#number(state, -1);
      case luaType.boolean:
        return this.#out.latin1(api.lua_toboolean(state, -1) === 0 ? "false" : "true");
      case luaType.nil:
        return this.#out.latin1("null");
      case luaType.table:
        return this.#table(state);
      default:
        if (api.lua_type(state, -1) === luaType.lightUserdata && api.lua_touserdata(state, -1) === 0) {
          return this.#out.latin1("null");
        }
        return this.#refuse(state, -1, "type not supported");
    }
  }

  #refuse(state: LuaState, index: number, reason: string): never {
    const { api, memory } = this.#lua;
    const type = memory.cString(api.lua_typename(state, api.lua_type(state, index)));
    return this.#lua.raise(state, `Cannot serialise ${type}: ${reason}`);
  }

  #string(state: LuaState, index: number): void {
    const lua = this.#lua;
    const address = lua.string(state, index);
    const end = address + lua.length;
    this.#out.byte(quote);
    for (let at = address; at < end; at += bytesBetweenLooks) {
      if (at > address) lua.work(state, bytesBetweenLooks);
      this.#characters(at, Math.min(at + bytesBetweenLooks, end));
    }
    this.#out.byte(quote);
  }

  #characters(start: number, end: number): void {
    const source = this.#lua.memory.bytes;
    const out = this.#out;
    let copied = start;
    for (let at = start; at < end; at++) {
      const escape = escapes[source[at] as number];
      if (escape === undefined) continue;
      out.raw(source, copied, at);
      out.latin1(escape);
      copied = at + 1;
    }
    out.raw(source, copied, end);
  }

  #number(state: LuaState, index: number): void {
    const value = this.#lua.api.lua_tonumber(state, index);
    const out = this.#out;
    if (!Number.isFinite(value)) return this.#infinite(state, index, value);
    if (Number.isInteger(value) && Math.abs(value) < 1e14 && this.#precision === 14 && !Object.is(value, -0)) {
      out.ensure(16);
      out.length = writeInteger(out.bytes, out.length, value);
    } else {
      out.latin1(formatGeneral(value, this.#precision));
    }
  }

  #infinite(state: LuaState, index: number, value: number): void {
    if (this.#invalidNumbers === 0) this.#refuse(state, index, "must not be NaN or Inf");
    this.#out.latin1(this.#invalidNumbers === 2 ? "null" : formatGeneral(value, this.#precision));
  }

  #table(state: LuaState): void {
    this.#depth++;
    if (this.#depth > this.#maxDepth || this.#lua.api.lua_checkstack(state, 3) === 0) {
      this.#lua.raise(state, `Cannot serialise, excessive nesting (${this.#depth})`);
    }
    const length = this.#arrayLength(state);
    if (length > 0) this.#array(state, length);
    else this.#object(state);
    this.#depth--;
  }

  /** The highest index of a table whose keys are all positive whole numbers; otherwise 0 or less. */
  #arrayLength(state: LuaState): number {
    const { api } = this.#lua;
    let highest = 0;
    let count = 0;
    api.lua_pushnil(state);
    while (api.lua_next(state, -2) !== 0) {
      const key = api.lua_type(state, -2) === luaType.number ? api.lua_tonumber(state, -2) : 0;
      if (key < 1 || Math.floor(key) !== key) {
        api.lua_settop(state, -3);
        return -1;
      }
      // An index that C's int cannot hold becomes negative there, and the table becomes an object.
      if (key > highest) highest = key < 2 ** 31 ? key : -(2 ** 31);
      this.#keys.unit(state);
      count++;
      api.lua_settop(state, -2);
    }
    return this.#isTooSparse(state, highest, count) ? -1 : highest;
  }

  #isTooSparse(state: LuaState, highest: number, count: number): boolean {
    const lua = this.#lua;
    const ratio = setting(lua, state, "sparseRatio");
    if (ratio === 0 || highest <= count * ratio || highest <= setting(lua, state, "sparseSafe")) return false;
    if (setting(lua, state, "sparseConvert") === 0) this.#refuse(state, -1, "excessively sparse array");
    return true;
  }

  #array(state: LuaState, length: number): void {
    const { api } = this.#lua;
    this.#out.latin1("[");
    for (let index = 1; index <= length; index++) {
      if (index > 1) this.#out.byte(comma);
      api.lua_rawgeti(state, -1, index);
      this.#value(state);
      api.lua_settop(state, -2);
    }
    this.#out.latin1("]");
  }

  #object(state: LuaState): void {
    const { api } = this.#lua;
    this.#out.latin1("{");
    let first = true;
    api.lua_pushnil(state);
    while (api.lua_next(state, -2) !== 0) {
      if (!first) this.#out.byte(comma);
      first = false;
      this.#key(state);
      this.#out.byte(colon);
      this.#value(state);
      api.lua_settop(state, -2);
    }
    this.#out.latin1("}");
  }

  #key(state: LuaState): void {
    const type = this.#lua.api.lua_type(state, -2);
    if (type === luaType.string) return this.#string(state, -2);
    if (type !== luaType.number) this.#refuse(state, -2, "table key must be a number or string");
    this.#out.byte(quote);
    this.#number(state, -2);
    this.#out.byte(quote);
  }
}
