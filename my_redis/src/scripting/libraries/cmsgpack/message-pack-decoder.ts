import type { LuaState } from "../../lua/lua-api.ts";
import { CountedWork } from "../../lua/counted-work.ts";
import type { Lua } from "../../lua/lua.ts";

export type DecodeError = "Missing bytes in input." | "Bad data format in input.";

const missing: DecodeError = "Missing bytes in input.";
const badFormat: DecodeError = "Bad data format in input.";
/** A value takes about as long as so many instructions of Lua. */
const valueInstructions = 100;
const tooManyValues = "too many return values at once; use unpack_one or unpack_limit instead.";

/**
 * Decodes MessagePack as lua-cmsgpack 0.4.0 does: raw bytes become strings, and there are no binary or extension types.
 */
export class MessagePackDecoder {
  readonly #lua: Lua;
  readonly #values: CountedWork;
  #at = 0;
  #end = 0;

  constructor(lua: Lua) {
    this.#lua = lua;
    this.#values = new CountedWork(lua, valueInstructions);
  }

  /** Begins at an address in the VM's memory. */
  start(address: number, end: number): void {
    this.#at = address;
    this.#end = end;
  }

  get position(): number {
    return this.#at;
  }

  /** Pushes the next value, or returns its error. */
  value(state: LuaState): DecodeError | undefined {
    const { api } = this.#lua;
    this.#values.unit(state);
    api.luaL_checkstack(state, 1, this.#lua.cString(tooManyValues));
    if (this.#at >= this.#end) return missing;
    const code = this.#lua.memory.bytes[this.#at] as number;
    if (code < 0x80) return this.#pushNumber(state, 1, code);
    if (code >= 0xe0) return this.#pushNumber(state, 1, code - 256);
    if (code < 0x90) return this.#map(state, 1, code & 15);
    if (code < 0xa0) return this.#array(state, 1, code & 15);
    if (code < 0xc0) return this.#string(state, 1, code & 31);
    return this.#coded(state, code);
  }

  #coded(state: LuaState, code: number): DecodeError | undefined {
    const { api } = this.#lua;
    switch (code) {
      case 0xc0:
        this.#at++;
        api.lua_pushnil(state);
        return undefined;
      case 0xc2:
      case 0xc3:
        this.#at++;
        api.lua_pushboolean(state, code & 1);
        return undefined;
      case 0xca:
      case 0xcb:
        return this.#float(state, code === 0xca ? 4 : 8);
      case 0xd9:
        return this.#sized(1, (header, count) => this.#string(state, header, count));
      case 0xda:
        return this.#sized(2, (header, count) => this.#string(state, header, count));
      case 0xdb:
        return this.#sized(4, (header, count) => this.#string(state, header, count));
      case 0xdc:
      case 0xdd:
        return this.#sized(code === 0xdc ? 2 : 4, (header, count) => this.#array(state, header, count));
      case 0xde:
      case 0xdf:
        return this.#sized(code === 0xde ? 2 : 4, (header, count) => this.#map(state, header, count));
      default:
        if (code >= 0xcc && code <= 0xd3) return this.#integer(state, code);
        return badFormat;
    }
  }

  #view(): DataView {
    return new DataView(this.#lua.memory.bytes.buffer, this.#at + 1);
  }

  /** Whether a value of `bytes` bytes, including its code, is complete. */
  #has(bytes: number): boolean {
    return this.#end - this.#at >= bytes;
  }

  #pushNumber(state: LuaState, bytes: number, value: number): undefined {
    this.#at += bytes;
    this.#lua.api.lua_pushnumber(state, value);
  }

  /** 0xcc to 0xcf are unsigned, 0xd0 to 0xd3 signed, with 1, 2, 4 and 8 bytes. */
  #integer(state: LuaState, code: number): DecodeError | undefined {
    const signed = code >= 0xd0;
    const size = 1 << (code & 3);
    if (!this.#has(1 + size)) return missing;
    const view = this.#view();
    let value: number;
    if (size === 1) value = signed ? view.getInt8(0) : view.getUint8(0);
    else if (size === 2) value = signed ? view.getInt16(0) : view.getUint16(0);
    else if (size === 4) value = signed ? view.getInt32(0) : view.getUint32(0);
    // lua-cmsgpack reads the unsigned form as signed, too.
    else value = Number(view.getBigInt64(0));
    return this.#pushNumber(state, 1 + size, value);
  }

  #float(state: LuaState, size: 4 | 8): DecodeError | undefined {
    if (!this.#has(1 + size)) return missing;
    const view = this.#view();
    return this.#pushNumber(state, 1 + size, size === 4 ? view.getFloat32(0) : view.getFloat64(0));
  }

  /** Reads a count of this many bytes after the code. */
  #sized(bytes: 1 | 2 | 4, read: (header: number, count: number) => DecodeError | undefined): DecodeError | undefined {
    if (!this.#has(1 + bytes)) return missing;
    const view = this.#view();
    const count = bytes === 1 ? view.getUint8(0) : bytes === 2 ? view.getUint16(0) : view.getUint32(0);
    return read(1 + bytes, count);
  }

  #string(state: LuaState, header: number, length: number): DecodeError | undefined {
    if (!this.#has(header + length)) return missing;
    this.#lua.api.lua_pushlstring(state, this.#at + header, length);
    this.#at += header + length;
    return undefined;
  }

  #array(state: LuaState, header: number, count: number): DecodeError | undefined {
    const { api } = this.#lua;
    this.#at += header;
    api.lua_createtable(state, 0, 0);
    api.luaL_checkstack(state, 1, this.#lua.cString("in function mp_decode_to_lua_array"));
    for (let index = 1; index <= count; index++) {
      api.lua_pushnumber(state, index);
      const error = this.value(state);
      if (error !== undefined) return error;
      api.lua_settable(state, -3);
    }
    return undefined;
  }

  #map(state: LuaState, header: number, count: number): DecodeError | undefined {
    const { api } = this.#lua;
    this.#at += header;
    api.lua_createtable(state, 0, 0);
    for (let index = 0; index < count; index++) {
      const error = this.value(state) ?? this.value(state);
      if (error !== undefined) return error;
      api.lua_settable(state, -3);
    }
    return undefined;
  }
}
