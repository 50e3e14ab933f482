import type { LuaState } from "../../lua/lua-api.ts";
import type { CountedWork } from "../../lua/counted-work.ts";
import type { Lua } from "../../lua/lua.ts";

/** An option takes about as long as so many instructions of Lua. */
export const optionInstructions = 50;
const largestInteger = 32;
const largestNumber = 2147483647;
const standardAlignment = 8;

/** Sizes on the machines that Redis runs on: 64-bit x86 and ARM. */
const sizes: Readonly<Record<string, number>> = { b: 1, B: 1, h: 2, H: 2, l: 8, L: 8, T: 8, f: 4, d: 8, x: 1 };

/** Reads a format of struct.pack, one option at a time. */
export class StructFormat {
  littleEndian = true;
  #alignment = 1;
  readonly #lua: Lua;
  readonly #state: LuaState;
  readonly #text: string;
  readonly #options: CountedWork;
  #at = 0;
  /** The option that was read last (one character), and its size in bytes. */
  option = "";
  size = 0;

  /** The format is the function's first argument. `options` counts those that are read. */
  constructor(lua: Lua, state: LuaState, options: CountedWork) {
    this.#lua = lua;
    this.#state = state;
    this.#options = options;
    lua.checkString(state, 1);
    this.#text = (lua.text(state, 1) ?? "").replace(/\0.*/s, "");
  }

  /** Reads the next option; false at the end. */
  next(): boolean {
    if (this.#at >= this.#text.length) return false;
    this.#options.unit(this.#state);
    this.option = this.#text[this.#at++] as string;
    this.size = this.#sizeOf(this.option);
    return true;
  }

  #sizeOf(option: string): number {
    if (option === "c") return this.#number(1);
    if (option !== "i" && option !== "I") return sizes[option] ?? 0;
    const size = this.#number(4);
    if (size > largestInteger) {
      this.#lua.raise(this.#state, `integral size ${size} is larger than limit of ${largestInteger}`);
    }
    return size;
  }

  #number(standard: number): number {
    const digits = /^\d+/.exec(this.#text.slice(this.#at))?.[0];
    if (digits === undefined) return standard;
    this.#at += digits.length;
    const value = Number(digits);
    if (value > largestNumber) this.#lua.raise(this.#state, "integral size overflow");
    return value;
  }

  /** Bytes of padding before the option's value at this position. */
  padding(position: number): number {
    if (this.size === 0 || this.option === "c") return 0;
    const size = Math.min(this.size, this.#alignment);
    // For sizes that are no power of two this gives the same result as the C library.
    return (size - (position & (size - 1))) & (size - 1);
  }

  /** Executes an option that stands for no value. */
  control(): void {
    switch (this.option) {
      case " ":
        return;
      case ">":
        this.littleEndian = false;
        return;
      case "<":
        this.littleEndian = true;
        return;
      case "!":
        return this.#align();
      default:
        this.#refuse();
    }
  }

  #align(): void {
    const alignment = this.#number(standardAlignment);
    if (alignment === 0 || (alignment & (alignment - 1)) !== 0) {
      this.#lua.raise(this.#state, `alignment ${alignment} is not a power of 2`);
    }
    this.#alignment = alignment;
  }

  #refuse(): never {
    const { api } = this.#lua;
    this.#lua.pushText(this.#state, `invalid format option '${this.option}'\0`);
    return api.luaL_argerror(this.#state, 1, this.#lua.string(this.#state, -1));
  }
}
