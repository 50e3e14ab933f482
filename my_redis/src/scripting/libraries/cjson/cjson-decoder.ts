import type { LuaState } from "../../lua/lua-api.ts";
import { CountedWork } from "../../lua/counted-work.ts";
import type { Lua } from "../../lua/lua.ts";
import { ByteBuffer } from "../../../memory/byte-buffer.ts";
import { setting } from "./cjson-settings.ts";
import { readEscape } from "./json-escape.ts";
import { readNumber } from "./json-number.ts";

type Token =
  | "T_OBJ_BEGIN"
  | "T_OBJ_END"
  | "T_ARR_BEGIN"
  | "T_ARR_END"
  | "T_STRING"
  | "T_NUMBER"
  | "T_BOOLEAN"
  | "T_NULL"
  | "T_COLON"
  | "T_COMMA"
  | "T_END"
  | "error";

/** Tokens of one character. A zero byte ends the text, wherever it occurs. */
const characters = new Map<number, Token>([
  [123, "T_OBJ_BEGIN"],
  [125, "T_OBJ_END"],
  [91, "T_ARR_BEGIN"],
  [93, "T_ARR_END"],
  [44, "T_COMMA"],
  [58, "T_COLON"],
  [0, "T_END"],
]);
const quote = 34;
const backslash = 92;
const plus = 43;
const minus = 45;
/** A value takes about as long as so many instructions of Lua. */
const valueInstructions = 20;
/** The clock is looked at after so many bytes of a string with escapes. */
const bytesBetweenLooks = 16_384;

const isBlank = (byte: number): boolean => byte === 32 || byte === 9 || byte === 10 || byte === 13;
const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

/**
 * cjson.decode of Lua CJSON 2.1.0. The text is read directly in the VM's memory, and strings without escapes are made
 * from there. No check for the end of the text is needed, because Lua puts a zero byte after every string.
 */
export class JsonDecoder {
  readonly #lua: Lua;
  readonly #values: CountedWork;
  readonly #unescaped = new ByteBuffer();
  #state: LuaState = 0;
  #start = 0;
  #at = 0;
  #depth = 0;
  #maxDepth = 0;
  #invalidNumbers = false;
  /** The last token: where it begins, and its value. */
  #tokenAt = 0;
  #error = "";
  #number = 0;
  #boolean = false;
  #stringStart = 0;
  #stringEnd = 0;
  #hasEscapes = false;

  constructor(lua: Lua) {
    this.#lua = lua;
    this.#values = new CountedWork(lua, valueInstructions);
  }

  /** Pushes the value of the JSON text at index 1. */
  decode(state: LuaState): void {
    const lua = this.#lua;
    this.#state = state;
    this.#start = lua.checkString(state, 1);
    const { bytes } = lua.memory;
    if (lua.length >= 2 && (bytes[this.#start] === 0 || bytes[this.#start + 1] === 0)) {
      lua.raise(state, "JSON parser does not support UTF-16 or UTF-32");
    }
    this.#at = this.#start;
    this.#depth = 0;
    this.#maxDepth = setting(lua, state, "decodeMaxDepth");
    this.#invalidNumbers = setting(lua, state, "decodeInvalidNumbers") !== 0;
    this.#value(state, this.#next());
    const end = this.#next();
    if (end !== "T_END") this.#fail(state, "the end", end);
  }

  #fail(state: LuaState, expected: string, token: Token): never {
    const found = token === "error" ? this.#error : token;
    const place = this.#tokenAt - this.#start + 1;
    return this.#lua.raise(state, `Expected ${expected} but found ${found} at character ${place}`);
  }

  #descend(state: LuaState, slots: number): void {
    this.#depth++;
    if (this.#depth <= this.#maxDepth && this.#lua.api.lua_checkstack(state, slots) !== 0) return;
    const place = this.#at - this.#start;
    this.#lua.raise(state, `Found too many nested data structures (${this.#depth}) at character ${place}`);
  }

  #value(state: LuaState, token: Token): void {
    const { api } = this.#lua;
    switch (token) {
      case "T_STRING":
        return this.#pushString(state);
      case "T_NUMBER":
        return api.lua_pushnumber(state, this.#number);
      case "T_BOOLEAN":
        return api.lua_pushboolean(state, this.#boolean ? 1 : 0);
      case "T_OBJ_BEGIN":
        return this.#object(state);
      case "T_ARR_BEGIN":
        return this.#array(state);
      case "T_NULL":
        return api.lua_pushlightuserdata(state, 0);
      default:
        this.#fail(state, "value", token);
    }
  }

  #object(state: LuaState): void {
    const { api } = this.#lua;
    this.#descend(state, 3);
    api.lua_createtable(state, 0, 0);
    let token = this.#next();
    while (token !== "T_OBJ_END") {
      if (token !== "T_STRING") this.#fail(state, "object key string", token);
      this.#pushString(state);
      token = this.#next();
      if (token !== "T_COLON") this.#fail(state, "colon", token);
      this.#value(state, this.#next());
      api.lua_rawset(state, -3);
      this.#values.unit(state);
      token = this.#next();
      if (token === "T_OBJ_END") break;
      if (token !== "T_COMMA") this.#fail(state, "comma or object end", token);
      token = this.#next();
      if (token === "T_OBJ_END") this.#fail(state, "object key string", token);
    }
    this.#depth--;
  }

  #array(state: LuaState): void {
    const { api } = this.#lua;
    this.#descend(state, 2);
    api.lua_createtable(state, 0, 0);
    let token = this.#next();
    for (let index = 1; token !== "T_ARR_END" || index > 1; index++) {
      this.#value(state, token);
      api.lua_rawseti(state, -2, index);
      this.#values.unit(state);
      token = this.#next();
      if (token === "T_ARR_END") break;
      if (token !== "T_COMMA") this.#fail(state, "comma or array end", token);
      token = this.#next();
    }
    this.#depth--;
  }

  #pushString(state: LuaState): void {
    const lua = this.#lua;
    if (this.#hasEscapes) lua.pushBytes(state, this.#unescaped.bytes, 0, this.#unescaped.length);
    else lua.api.lua_pushlstring(state, this.#stringStart, this.#stringEnd - this.#stringStart);
  }

  #next(): Token {
    const { bytes } = this.#lua.memory;
    let at = this.#at;
    while (isBlank(bytes[at] as number)) at++;
    this.#at = at;
    this.#tokenAt = at;
    const byte = bytes[at] as number;
    if (byte === quote) return this.#readString(bytes);
    if (byte === minus || isDigit(byte)) return this.#readStrictNumber(bytes);
    const token = characters.get(byte);
    if (token === undefined) return this.#readWord(bytes);
    if (token !== "T_END") this.#at++;
    return token;
  }

  #readString(bytes: Uint8Array): Token {
    this.#stringStart = this.#at + 1;
    let at = this.#stringStart;
    let byte = bytes[at];
    while (byte !== quote && byte !== backslash && byte !== 0) byte = bytes[++at];
    this.#hasEscapes = byte === backslash;
    if (this.#hasEscapes) return this.#readEscapedString(bytes, at);
    if (byte === 0) return this.#refuse(at, "unexpected end of string");
    this.#stringEnd = at;
    this.#at = at + 1;
    return "T_STRING";
  }

  #readEscapedString(bytes: Uint8Array, firstEscape: number): Token {
    const out = this.#unescaped;
    out.clear();
    out.raw(bytes, this.#stringStart, firstEscape);
    let lookAt = bytesBetweenLooks;
    let at = firstEscape;
    for (let byte = bytes[at] as number; byte !== quote; byte = bytes[at] as number) {
      if (byte === 0) return this.#refuse(at, "unexpected end of string");
      if (at - firstEscape >= lookAt) {
        this.#lua.work(this.#state, bytesBetweenLooks);
        lookAt += bytesBetweenLooks;
      }
      if (byte === backslash) {
        const end = readEscape(bytes, at, out);
        if (typeof end === "string") return this.#refuse(at, end);
        at = end;
      } else {
        out.byte(byte);
        at++;
      }
    }
    this.#at = at + 1;
    return "T_STRING";
  }

  #refuse(at: number, error: string): Token {
    this.#tokenAt = at;
    this.#error = error;
    return "error";
  }

  #readStrictNumber(bytes: Uint8Array): Token {
    if (!this.#invalidNumbers && isInvalidNumber(bytes, this.#at)) return this.#refuse(this.#at, "invalid number");
    return this.#readNumber(bytes);
  }

  #readNumber(bytes: Uint8Array): Token {
    const { value, end } = readNumber(bytes, this.#at);
    if (end === this.#at) return this.#refuse(this.#at, "invalid number");
    this.#number = value;
    this.#at = end;
    return "T_NUMBER";
  }

  #readWord(bytes: Uint8Array): Token {
    if (startsWith(bytes, this.#at, "true")) return this.#takeBoolean(true, 4);
    if (startsWith(bytes, this.#at, "false")) return this.#takeBoolean(false, 5);
    if (startsWith(bytes, this.#at, "null")) {
      this.#at += 4;
      return "T_NULL";
    }
    // Only these characters can begin a number here; for all others the error is about the token.
    if (
      this.#invalidNumbers &&
      isInvalidNumber(bytes, this.#at) &&
      "+iInN".includes(String.fromCharCode(bytes[this.#at] as number))
    ) {
      return this.#readNumber(bytes);
    }
    return this.#refuse(this.#at, "invalid token");
  }

  #takeBoolean(value: boolean, length: number): Token {
    this.#boolean = value;
    this.#at += length;
    return "T_BOOLEAN";
  }
}

function startsWith(bytes: Uint8Array, at: number, word: string): boolean {
  for (let index = 0; index < word.length; index++) {
    if (bytes[at + index] !== word.charCodeAt(index)) return false;
  }
  return true;
}

/** Numbers that C accepts and JSON does not: a plus, leading zeros, hexadecimal, infinity and NaN. */
function isInvalidNumber(bytes: Uint8Array, start: number): boolean {
  if (bytes[start] === plus) return true;
  const at = bytes[start] === minus ? start + 1 : start;
  const first = bytes[at] as number;
  if (first === 48) {
    const second = bytes[at + 1] as number;
    return (second | 32) === 120 || isDigit(second);
  }
  const word = String.fromCharCode(first | 32, (bytes[at + 1] as number) | 32, (bytes[at + 2] as number) | 32);
  return word === "inf" || word === "nan";
}
