import type { ReplyWriter } from "../protocol/reply-writer.ts";
import { fieldText, isCounted, untilZero } from "./error-tables.ts";
import { luaType, type LuaState } from "./lua/lua-api.ts";
import { toInt64 } from "./libraries/base/integer-format.ts";
import type { Lua } from "./lua/lua.ts";
import { formatGeneral } from "../values/general-format.ts";

/** Stack slots that one level of nesting takes at most. */
const slotsPerLevel = 4;

const lineEnd = Uint8Array.of(13, 10);

/** Writes what a script returned as the reply of EVAL. */
export class LuaToReply {
  readonly #lua: Lua;
  readonly #countError: (message: string) => void;
  #reply!: ReplyWriter;
  #scriptProtocol: 2 | 3 = 2;

  constructor(lua: Lua, countError: (message: string) => void) {
    this.#lua = lua;
    this.#countError = countError;
  }

  /** Takes the value from the top of the stack. `scriptProtocol` is what the script chose by redis.setresp. */
  write(state: LuaState, reply: ReplyWriter, scriptProtocol: 2 | 3): void {
    this.#reply = reply;
    this.#scriptProtocol = scriptProtocol;
    this.#value(state);
  }

  #value(state: LuaState): void {
    const { api } = this.#lua;
    const reply = this.#reply;
    if (api.lua_checkstack(state, slotsPerLevel) === 0) {
      this.#error("ERR reached lua stack limit", false);
    } else {
      switch (api.lua_type(state, -1)) {
        case luaType.string:
          this.#bulk(state);
          break;
        case luaType.number:
          this.#integer(api.lua_tonumber(state, -1));
          break;
        case luaType.boolean:
          this.#boolean(api.lua_toboolean(state, -1) !== 0);
          break;
        case luaType.table:
          if (!this.#typedTable(state)) this.#array(state);
          break;
        default:
          reply.null();
      }
    }
    api.lua_settop(state, -2);
  }

  #bulk(state: LuaState): void {
    const address = this.#lua.string(state, -1);
    this.#reply.bulk(this.#lua.memory.bytes, address, address + this.#lua.length);
  }

  #integer(value: number): void {
    const truncated = Math.trunc(value);
    if (Number.isSafeInteger(truncated)) this.#reply.integer(truncated);
    else this.#reply.int64(toInt64(value));
  }

  #boolean(value: boolean): void {
    if (this.#scriptProtocol === 3) this.#reply.boolean(value);
    else if (value) this.#reply.integer(1);
    else this.#reply.null();
  }

  #error(message: string, counted: boolean): void {
    if (!counted) this.#countError(message);
    this.#reply.error(message);
  }

  /** A table that stands for a reply of another type. The order in which the fields are looked at is Redis's. */
  #typedTable(state: LuaState): boolean {
    return (
      this.#errorTable(state) ||
      this.#line(state, "ok", (text) => this.#reply.simple(text)) ||
      this.#double(state) ||
      this.#line(state, "big_number", (text) => this.#bigNumber(text)) ||
      this.#verbatim(state) ||
      this.#pairs(state, "map") ||
      this.#pairs(state, "set")
    );
  }

  /** Pushes a field of the table on top; pops it again and says false when it is of another type. */
  #field(state: LuaState, name: string, type: number): boolean {
    const { api } = this.#lua;
    this.#lua.pushText(state, name);
    api.lua_rawget(state, -2);
    if (api.lua_type(state, -1) === type) return true;
    api.lua_settop(state, -2);
    return false;
  }

  #errorTable(state: LuaState): boolean {
    if (!this.#field(state, "err", luaType.string)) return false;
    this.#lua.api.lua_settop(state, -2);
    this.#error(fieldText(this.#lua, state, "err") ?? "", isCounted(this.#lua, state));
    return true;
  }

  #line(state: LuaState, name: string, write: (text: string) => void): boolean {
    if (!this.#field(state, name, luaType.string)) return false;
    const text = this.#lua.text(state, -1) ?? "";
    this.#lua.api.lua_settop(state, -2);
    write((name === "ok" ? untilZero(text) : text).replaceAll(/[\r\n]/g, " "));
    return true;
  }

  #double(state: LuaState): boolean {
    if (!this.#field(state, "double", luaType.number)) return false;
    const value = this.#lua.api.lua_tonumber(state, -1);
    this.#lua.api.lua_settop(state, -2);
    this.#reply.double(formatGeneral(value, 17));
    return true;
  }

  #bigNumber(text: string): void {
    if (this.#reply.protocol === 2) return this.#reply.bulkLatin1(text);
    this.#reply.raw(Buffer.from(`(${text}\r\n`, "latin1"));
  }

  #verbatim(state: LuaState): boolean {
    const { api } = this.#lua;
    if (!this.#field(state, "verbatim_string", luaType.table)) return false;
    const format = this.#field(state, "format", luaType.string) ? this.#takeText(state) : undefined;
    const isVerbatim = format !== undefined && this.#field(state, "string", luaType.string);
    if (isVerbatim) {
      const address = this.#lua.string(state, -1);
      this.#writeVerbatim(format, address, this.#lua.length);
      api.lua_settop(state, -2);
    }
    api.lua_settop(state, -2);
    return isVerbatim;
  }

  #takeText(state: LuaState): string {
    const text = this.#lua.text(state, -1) ?? "";
    this.#lua.api.lua_settop(state, -2);
    return untilZero(text);
  }

  #writeVerbatim(format: string, address: number, length: number): void {
    const reply = this.#reply;
    const { bytes } = this.#lua.memory;
    if (reply.protocol === 2) return reply.bulk(bytes, address, address + length);
    const name = format.slice(0, 3).padEnd(3);
    reply.raw(Buffer.from(`=${length + 4}\r\n${name}:`, "latin1"));
    reply.raw(bytes, address, address + length);
    reply.raw(lineEnd);
  }

  #pairs(state: LuaState, kind: "map" | "set"): boolean {
    const { api } = this.#lua;
    if (!this.#field(state, kind, luaType.table)) return false;
    const begin = this.#reply.beginArray();
    let count = 0;
    api.lua_pushnil(state);
    while (api.lua_next(state, -2) !== 0) {
      if (kind === "set") api.lua_settop(state, -2);
      // The key is converted as a copy: it is still needed to find the next one.
      api.lua_pushvalue(state, kind === "set" ? -1 : -2);
      this.#value(state);
      if (kind === "map") this.#value(state);
      count++;
    }
    this.#reply.endArray(begin, count, kind);
    api.lua_settop(state, -2);
    return true;
  }

  #array(state: LuaState): void {
    const { api } = this.#lua;
    const begin = this.#reply.beginArray();
    let count = 0;
    for (;;) {
      api.lua_rawgeti(state, -1, count + 1);
      if (api.lua_type(state, -1) === luaType.nil) break;
      this.#value(state);
      count++;
    }
    api.lua_settop(state, -2);
    this.#reply.endArray(begin, count);
  }
}
