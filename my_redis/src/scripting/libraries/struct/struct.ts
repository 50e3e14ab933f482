import { type LuaLibrary, setFunctions } from "../library.ts";
import { toUint64 } from "../base/integer-format.ts";
import type { LuaState, NativeFunction } from "../../lua/lua-api.ts";
import { CountedWork } from "../../lua/counted-work.ts";
import type { Lua } from "../../lua/lua.ts";
import { ByteBuffer } from "../../../memory/byte-buffer.ts";
import { optionInstructions, StructFormat } from "./struct-format.ts";

const integerOptions = "bBhHlLTiI";
const scratch = new DataView(new ArrayBuffer(8));

/** Redis's struct library: packs values in the layout of a C program on a 64-bit machine. */
export function structLibrary(lua: Lua): LuaLibrary {
  const options = new CountedWork(lua, optionInstructions);
  const functions: Record<string, NativeFunction> = {
    pack: packFunction(lua, options),
    unpack: (state) => unpack(lua, state, options),
    size: (state) => size(lua, state, options),
  };
  return { name: "struct", open: () => setFunctions(lua, functions) };
}

function packFunction(lua: Lua, options: CountedWork): NativeFunction {
  const { api } = lua;
  const out = new ByteBuffer();

  const packValue = (state: LuaState, format: StructFormat, argument: number): number => {
    const { option } = format;
    if (integerOptions.includes(option)) {
      packInteger(out, toUint64(api.luaL_checknumber(state, argument)), format);
    } else if (option === "f" || option === "d") {
      packFloat(out, api.luaL_checknumber(state, argument), format);
    } else if (option === "c" || option === "s") {
      packString(lua, state, out, format, argument);
    } else {
      if (option === "x") out.byte(0);
      else format.control();
      return argument;
    }
    return argument + 1;
  };

  return (state) => {
    const format = new StructFormat(lua, state, options);
    api.lua_pushnil(state);
    out.clear();
    let argument = 2;
    while (format.next()) {
      for (let count = format.padding(out.length); count > 0; count--) out.byte(0);
      argument = packValue(state, format, argument);
    }
    lua.charge(state, out.length);
    lua.pushBytes(state, out.bytes, 0, out.length);
    return 1;
  };
}

/** Bytes beyond the eighth are zero. */
function packInteger(out: ByteBuffer, value: bigint, { size: bytes, littleEndian }: StructFormat): void {
  for (let at = 0; at < bytes; at++) {
    const place = littleEndian ? at : bytes - 1 - at;
    out.byte(place < 8 ? Number((value >> BigInt(place * 8)) & 0xffn) : 0);
  }
}

function packFloat(out: ByteBuffer, value: number, { size: bytes, littleEndian }: StructFormat): void {
  if (bytes === 4) scratch.setFloat32(0, value, littleEndian);
  else scratch.setFloat64(0, value, littleEndian);
  const first = out.length;
  for (let at = 0; at < bytes; at++) out.byte(scratch.getUint8(at));
  // The sign of a NaN is set, as on the processors that Redis runs on.
  if (Number.isNaN(value)) out.bytes[littleEndian ? first + bytes - 1 : first] = 0xff;
}

function packString(lua: Lua, state: LuaState, out: ByteBuffer, format: StructFormat, argument: number): void {
  const address = lua.checkString(state, argument);
  const bytes = format.size === 0 ? lua.length : format.size;
  if (lua.length < bytes) lua.argumentError(state, argument + 1, "string too short");
  out.raw(lua.memory.bytes, address, address + bytes);
  if (format.option === "s") out.byte(0);
}

function unpack(lua: Lua, state: LuaState, options: CountedWork): number {
  const { api } = lua;
  const format = new StructFormat(lua, state, options);
  const address = lua.checkString(state, 2);
  const { length } = lua;
  let position = api.lua_type(state, 3) <= 0 ? 0 : api.luaL_checkinteger(state, 3) - 1;
  if (position === -1) return lua.argumentError(state, 3, "offset must be 1 or greater");
  const needs = (bytes: number): void => {
    // In C a negative position becomes a large size_t, hence the same error.
    if (position < 0 || position + bytes > length) lua.argumentError(state, 2, "data string too short");
  };
  api.lua_settop(state, 2);
  while (format.next()) {
    position += format.padding(position);
    needs(format.size);
    api.luaL_checkstack(state, 1, lua.cString("too many results"));
    position += unpackValue(lua, state, format, address + position, length - position, needs);
  }
  api.lua_pushnumber(state, position + 1);
  return api.lua_gettop(state) - 2;
}

/** Pushes one value; returns the number of bytes that it took. */
function unpackValue(
  lua: Lua,
  state: LuaState,
  format: StructFormat,
  address: number,
  left: number,
  needs: (bytes: number) => void,
): number {
  const { api } = lua;
  const { option, littleEndian } = format;
  let { size: bytes } = format;
  if (integerOptions.includes(option)) {
    api.lua_pushnumber(state, unpackInteger(lua, address, format));
  } else if (option === "f") {
    api.lua_pushnumber(state, new DataView(lua.memory.bytes.buffer, address).getFloat32(0, littleEndian));
  } else if (option === "d") {
    api.lua_pushnumber(state, new DataView(lua.memory.bytes.buffer, address).getFloat64(0, littleEndian));
  } else if (option === "c") {
    if (bytes === 0) bytes = takePreviousSize(lua, state);
    needs(bytes);
    api.lua_pushlstring(state, address, bytes);
  } else if (option === "s") {
    const end = lua.memory.bytes.subarray(address, address + left).indexOf(0);
    if (end < 0) return lua.raise(state, "unfinished string in data");
    api.lua_pushlstring(state, address, end);
    bytes = end + 1;
  } else if (option !== "x") {
    format.control();
  }
  return bytes;
}

function takePreviousSize(lua: Lua, state: LuaState): number {
  const { api } = lua;
  if (api.lua_gettop(state) < 3 || api.lua_isnumber(state, -1) === 0) {
    return lua.raise(state, "format 'c0' needs a previous size");
  }
  const bytes = Number(toUint64(api.lua_tonumber(state, -1)));
  api.lua_settop(state, -2);
  return bytes;
}

/** Only the eight lowest bytes count. Lower-case letters are signed; beyond eight bytes as the C code does it. */
function unpackInteger(lua: Lua, address: number, { option, size: bytes, littleEndian }: StructFormat): number {
  const { bytes: memory } = lua.memory;
  let value = 0n;
  for (let at = Math.min(bytes, 8) - 1; at >= 0; at--) {
    value = (value << 8n) | BigInt(memory[littleEndian ? address + at : address + bytes - 1 - at] as number);
  }
  if (option < "a" || bytes === 0) return Number(value);
  const signBits = -1n << BigInt((bytes * 8 - 1) & 63);
  return Number((value & signBits) === 0n ? value : BigInt.asIntN(64, value | signBits));
}

function size(lua: Lua, state: LuaState, options: CountedWork): number {
  const format = new StructFormat(lua, state, options);
  let position = 0;
  while (format.next()) {
    position += format.padding(position);
    if (format.option === "s") return lua.argumentError(state, 1, "option 's' has no fixed size");
    if (format.option === "c" && format.size === 0) {
      return lua.argumentError(state, 1, "option 'c0' has no fixed size");
    }
    if (" <>!".includes(format.option)) format.control();
    position += format.size;
  }
  lua.api.lua_pushnumber(state, position);
  return 1;
}
