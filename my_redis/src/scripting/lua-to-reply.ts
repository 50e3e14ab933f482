import type { ReplyWriter } from "../protocol/reply-writer.ts";
import { fieldText, isCounted, untilZero } from "./error-tables.ts";
import { luaType, type LuaState } from "./lua/lua-api.ts";
import { toInt64 } from "./libraries/base/integer-format.ts";
import type { Lua } from "./lua/lua.ts";
import { formatGeneral } from "../values/general-format.ts";

/** Most stack slots that one level of nesting takes. */
const slotsPerLevel = 4;

const lineEnd = Uint8Array.of(13, 10);

/** A table whose conversion has begun. */
interface OpenCollection {
  readonly kind: "array" | "map" | "set";
  /** Where its reply begins, as `endArray` needs it. */
  readonly begin: number;
  count: number;
  /** For a map: its last key is written, and the value comes next. */
  hasValue: boolean;
}

/**
 * Writes what a script returned as the reply of EVAL. Nested tables are kept in a list of our own instead of
 * JavaScript's stack, because they may be thousands deep and the depth that fits on that stack is unknown.
 */
export class LuaToReply {
  readonly #open: OpenCollection[] = [];
  readonly #lua: Lua;
  readonly #countError: (message: string) => void;
  #reply!: ReplyWriter;
  #scriptProtocol: 2 | 3 = 2;

  constructor(lua: Lua, countError: (message: string) => void) {
    this.#lua = lua;
    this.#countError = countError;
  }

  /**
   * Takes the value from the top of the stack. `scriptProtocol` is the protocol that the script chose with
   * redis.setresp.
   */
  write(state: LuaState, reply: ReplyWriter, scriptProtocol: 2 | 3): void {
    this.#reply = reply;
    this.#scriptProtocol = scriptProtocol;
    // An error may have left entries the last time.
    this.#open.length = 0;
    this.#value(state);
    for (let collection = this.#open.at(-1); collection !== undefined; collection = this.#open.at(-1)) {
      if (this.#next(state, collection)) this.#value(state);
      else this.#close(state, collection);
    }
  }

  /**
   * Writes the value on top of the stack and pops it. Of a collection only the beginning is written; the table stays
   * until its end.
   */
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
          if (this.#typedTable(state)) break;
          this.#begin(state);
          return;
        default:
          reply.null();
      }
    }
    api.lua_settop(state, -2);
  }

  /** Begins the collection in the table on top: an array, unless it has a map or set field. */
  #begin(state: LuaState): void {
    const isMap = this.#field(state, "map", luaType.table);
    const kind = isMap ? "map" : this.#field(state, "set", luaType.table) ? "set" : "array";
    // Maps and sets are traversed with lua_next, which starts from nil.
    if (kind !== "array") this.#lua.api.lua_pushnil(state);
    this.#open.push({ kind, begin: this.#reply.beginArray(), count: 0, hasValue: false });
  }

  /** Pushes the next element of the innermost collection; false, and nothing pushed, at its end. */
  #next(state: LuaState, collection: OpenCollection): boolean {
    const { api } = this.#lua;
    if (collection.kind === "array") {
      api.lua_rawgeti(state, -1, collection.count + 1);
      if (api.lua_type(state, -1) === luaType.nil) {
        api.lua_settop(state, -2);
        return false;
      }
      collection.count++;
      return true;
    }
    if (collection.hasValue) {
      // The value has been lying below the copy of its key.
      collection.hasValue = false;
      return true;
    }
    if (api.lua_next(state, -2) === 0) return false;
    collection.count++;
    collection.hasValue = collection.kind === "map";
    if (collection.kind === "set") api.lua_settop(state, -2);
    // The key is converted as a copy, because the original is needed to find the next one.
    api.lua_pushvalue(state, collection.kind === "set" ? -1 : -2);
    return true;
  }

  #close(state: LuaState, { kind, begin, count }: OpenCollection): void {
    this.#open.pop();
    if (kind === "array") this.#reply.endArray(begin, count);
    else this.#reply.endArray(begin, count, kind);
    // A map or set lies on top of the table that contains it; both are popped.
    this.#lua.api.lua_settop(state, kind === "array" ? -2 : -3);
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

  /** A table that stands for a reply of another type than a collection. The fields are tried in Redis's order. */
  #typedTable(state: LuaState): boolean {
    return (
      this.#errorTable(state) ||
      this.#line(state, "ok", (text) => this.#reply.simple(text)) ||
      this.#double(state) ||
      this.#line(state, "big_number", (text) => this.#bigNumber(text)) ||
      this.#verbatim(state)
    );
  }

  /**
   * Pushes a field of the table on top. When the field has another type, it is popped again and the result is false.
   */
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
}
