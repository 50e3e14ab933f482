import { luaType, type LuaState } from "../../lua/lua-api.ts";
import { CountedWork } from "../../lua/counted-work.ts";
import type { Lua } from "../../lua/lua.ts";
import { ByteBuffer } from "../../../memory/byte-buffer.ts";

/** Tables that are nested more deeply become nil, so that a table that contains itself ends. */
const deepestNesting = 16;

/** A value takes about as long as so many instructions of Lua. */
const valueInstructions = 20;
/** The same for a key, when the keys of a table are counted. */
const keyInstructions = 5;
const none = 0;
const scratch = new DataView(new ArrayBuffer(8));

/** How the size of a type is written: up to `fixedCount` in the type's own byte, above that in 8, 16 or 32 bits. */
interface SizeCodes {
  readonly fixed: number;
  readonly fixedCount: number;
  /** The byte before a size of 8 bits; 0 when the type has no such form. */
  readonly bits8: number;
  readonly bits16: number;
  readonly bits32: number;
}

const stringCodes: SizeCodes = { fixed: 0xa0, fixedCount: 32, bits8: 0xd9, bits16: 0xda, bits32: 0xdb };
const arrayCodes: SizeCodes = { fixed: 0x90, fixedCount: 16, bits8: none, bits16: 0xdc, bits32: 0xdd };
const mapCodes: SizeCodes = { fixed: 0x80, fixedCount: 16, bits8: none, bits16: 0xde, bits32: 0xdf };

/** Encodes Lua values as lua-cmsgpack 0.4.0 does. */
export class MessagePackEncoder {
  readonly out = new ByteBuffer();
  readonly #lua: Lua;
  readonly #values: CountedWork;
  readonly #keys: CountedWork;

  constructor(lua: Lua) {
    this.#lua = lua;
    this.#values = new CountedWork(lua, valueInstructions);
    this.#keys = new CountedWork(lua, keyInstructions);
  }

  /** Appends the value on top of the stack, and pops it. */
  value(state: LuaState, nesting: number): void {
    const { api } = this.#lua;
    this.#values.unit(state);
    const type = api.lua_type(state, -1);
    if (type === luaType.string) this.#string(state);
    else if (type === luaType.number) this.#number(api.lua_tonumber(state, -1));
    else if (type === luaType.boolean) this.out.byte(api.lua_toboolean(state, -1) === 0 ? 0xc2 : 0xc3);
    else if (type === luaType.table && nesting < deepestNesting) this.#table(state, nesting);
    else this.out.byte(0xc0);
    api.lua_settop(state, -2);
  }

  #size(count: number, codes: SizeCodes): void {
    const { out } = this;
    if (count < codes.fixedCount) out.byte(codes.fixed | count);
    else if (count < 0x100 && codes.bits8 !== none) this.#unsigned(codes.bits8, count, 1);
    else if (count < 0x10000) this.#unsigned(codes.bits16, count, 2);
    else this.#unsigned(codes.bits32, count, 4);
  }

  /** A code byte, and then the lowest bytes of an integer, the highest of them first. */
  #unsigned(code: number, value: number, bytes: number): void {
    const { out } = this;
    out.byte(code);
    for (let shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out.byte((value >>> shift) & 0xff);
  }

  #string(state: LuaState): void {
    const address = this.#lua.string(state, -1);
    const { length } = this.#lua;
    this.#size(length, stringCodes);
    this.out.raw(this.#lua.memory.bytes, address, address + length);
  }

  #number(value: number): void {
    const isInteger = Math.floor(value) === value && value >= -(2 ** 63) && value < 2 ** 63;
    if (!isInteger) this.#float(value);
    else if (value >= 0) this.#positive(value);
    else this.#negative(value);
  }

  #positive(value: number): void {
    if (value < 0x80) this.out.byte(value);
    else if (value < 0x100) this.#unsigned(0xcc, value, 1);
    else if (value < 0x10000) this.#unsigned(0xcd, value, 2);
    else if (value < 2 ** 32) this.#unsigned(0xce, value, 4);
    else this.#int64(0xcf, value);
  }

  #negative(value: number): void {
    if (value >= -0x20) this.out.byte(value & 0xff);
    else if (value >= -0x80) this.#unsigned(0xd0, value, 1);
    else if (value >= -0x8000) this.#unsigned(0xd1, value, 2);
    else if (value >= -(2 ** 31)) this.#unsigned(0xd2, value, 4);
    else this.#int64(0xd3, value);
  }

  #int64(code: number, value: number): void {
    scratch.setBigInt64(0, BigInt(value));
    this.#scratchBytes(code, 8);
  }

  /** Uses 32 bits where that loses nothing. */
  #float(value: number): void {
    if (Math.fround(value) === value) {
      scratch.setFloat32(0, value);
      this.#scratchBytes(0xca, 4);
    } else {
      scratch.setFloat64(0, value);
      // The sign of a NaN is set, as on the processors that Redis runs on.
      if (Number.isNaN(value)) scratch.setUint8(0, 0xff);
      this.#scratchBytes(0xcb, 8);
    }
  }

  #scratchBytes(code: number, count: number): void {
    this.out.byte(code);
    for (let at = 0; at < count; at++) this.out.byte(scratch.getUint8(at));
  }

  #table(state: LuaState, nesting: number): void {
    const { api } = this.#lua;
    const { count, isArray } = this.#inspect(state);
    if (isArray) {
      this.#size(count, arrayCodes);
      for (let index = 1; index <= count; index++) {
        api.lua_rawgeti(state, -1, index);
        this.value(state, nesting + 1);
      }
      return;
    }
    this.#size(count, mapCodes);
    api.lua_pushnil(state);
    while (api.lua_next(state, -2) !== 0) {
      api.lua_pushvalue(state, -2);
      this.value(state, nesting + 1);
      this.value(state, nesting + 1);
    }
  }

  /** The number of fields, and whether their keys are exactly 1 to that number. */
  #inspect(state: LuaState): { count: number; isArray: boolean } {
    const { api } = this.#lua;
    let count = 0;
    let highest = 0;
    let isArray = true;
    api.lua_pushnil(state);
    while (api.lua_next(state, -2) !== 0) {
      this.#keys.unit(state);
      api.lua_settop(state, -2);
      const key = api.lua_type(state, -1) === luaType.number ? api.lua_tonumber(state, -1) : 0;
      if (key < 1 || Math.floor(key) !== key) isArray = false;
      if (key > highest) highest = key;
      count++;
    }
    return { count, isArray: isArray && highest === count };
  }
}
