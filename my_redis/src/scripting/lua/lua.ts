import { copyBytes } from "../../memory/copy-bytes.ts";
import { luaStatus, type LuaApi, type LuaState, type NativeFunction } from "./lua-api.ts";
import { luaModule, readOnlyMark, readOnlyMask, tableFlagsOffset } from "../webassembly/lua-binary.ts";
import { LuaMemory } from "../webassembly/lua-memory.ts";
import { addToTable } from "../webassembly/native-functions.ts";
import { systemImports } from "../webassembly/system-imports.ts";
import { hookCountOffset } from "../webassembly/work-charges.ts";

/** Operations of lua_gc. */
const collect = 2;
const countKib = 3;
const smallestScratchBytes = 16 * 1024;

export interface LuaOptions {
  /** Limit on the VM's memory. Above it Lua raises "not enough memory". */
  readonly maxMemoryBytes: number;
}

/** What native functions of the VM report when they work for long. */
export interface NativeWork {
  /** The instructions until the next look at the clock are used up. */
  step(state: LuaState): void;
  /** A string of this many bytes is compared. */
  compare(bytes: number): void;
}

/** One Lua 5.1 VM: its C API, its memory, and what is needed on top of both to exchange bytes with JavaScript. */
export class Lua {
  readonly api: LuaApi;
  readonly memory: LuaMemory;
  /** The main state. */
  readonly state: LuaState;
  /** Length of the string whose address was last returned. */
  length = 0;
  /** Undefined until scripts run. */
  nativeWork: NativeWork | undefined;
  readonly #lengthAddress: number;
  readonly #firstAdded: number;
  #scratch = 0;
  #scratchBytes = 0;
  #getTable: number | undefined;
  readonly #cStrings = new Map<string, number>();

  constructor({ maxMemoryBytes }: LuaOptions) {
    const module = luaModule();
    this.memory = new LuaMemory(maxMemoryBytes);
    const imports = systemImports(module, {
      memory: this.memory,
      exports: () => this.api,
      table: () => this.api.__indirect_function_table,
      onReadOnlyViolation: (state) => this.raiseAt(state, 0, "Attempt to modify a readonly table"),
      nativeWork: () => this.nativeWork,
    });
    this.api = new WebAssembly.Instance(module, imports).exports as unknown as LuaApi;
    this.memory.attach(this.api.memory);
    this.#firstAdded = this.api.__indirect_function_table.length;
    this.api.__wasm_call_ctors();
    this.#lengthAddress = this.api.malloc(8);
    this.state = this.api.luaL_newstate();
  }

  /** Makes functions callable from Lua; returns the table index of each, in order. */
  addFunctions(functions: readonly ((...numbers: never[]) => unknown)[]): number[] {
    const first = addToTable(this.api.__indirect_function_table, functions);
    return functions.map((_, index) => first + index);
  }

  /** Whether a table index (0 for none) belongs to an added function. */
  isAdded(index: number): boolean {
    return index >= this.#firstAdded;
  }

  /** A function of Lua's own as a JavaScript one. */
  nativeFunction(index: number): NativeFunction {
    return this.api.__indirect_function_table.get(index) as NativeFunction;
  }

  /** The address of `bytes` free bytes, valid until the next call. Raises a Lua error when there is no memory left. */
  scratch(bytes: number): number {
    if (bytes <= this.#scratchBytes) return this.#scratch;
    this.releaseScratch();
    const size = Math.max(bytes, smallestScratchBytes);
    this.#scratch = this.api.malloc(size);
    if (this.#scratch === 0) return this.raise(this.state, "not enough memory");
    this.#scratchBytes = size;
    return this.#scratch;
  }

  /** Frees a large scratch area. */
  releaseScratch(): void {
    if (this.#scratch !== 0) this.api.free(this.#scratch);
    this.#scratch = 0;
    this.#scratchBytes = 0;
  }

  get scratchBytes(): number {
    return this.#scratchBytes;
  }

  /** The address of `bytes` bytes that are never freed. Raises a Lua error when there is no memory left. */
  reserve(bytes: number): number {
    const address = this.api.malloc(bytes);
    return address === 0 ? this.raise(this.state, "not enough memory") : address;
  }

  /** The address of a text with a zero byte at its end, which is kept for ever: for names, not for data. */
  cString(text: string): number {
    const known = this.#cStrings.get(text);
    if (known !== undefined) return known;
    const bytes = Buffer.from(text, "latin1");
    const address = this.reserve(bytes.length + 1);
    this.memory.bytes.set(bytes, address);
    this.memory.bytes[address + bytes.length] = 0;
    this.#cStrings.set(text, address);
    return address;
  }

  /**
   * The address of the string at a stack index, with its length in `length`; 0 when the value is neither string nor
   * number.
   */
  string(state: LuaState, index: number): number {
    const address = this.api.lua_tolstring(state, index, this.#lengthAddress);
    this.length = this.memory.words[this.#lengthAddress >>> 2] as number;
    return address;
  }

  /** As `string`, for an argument of a function: raises a Lua error when it is neither string nor number. */
  checkString(state: LuaState, argument: number): number {
    const address = this.api.luaL_checklstring(state, argument, this.#lengthAddress);
    this.length = this.memory.words[this.#lengthAddress >>> 2] as number;
    return address;
  }

  /** The string at a stack index with one character per byte, or undefined. */
  text(state: LuaState, index: number): string | undefined {
    const address = this.string(state, index);
    return address === 0 ? undefined : this.memory.latin1(address, this.length);
  }

  pushBytes(state: LuaState, source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const address = this.scratch(length);
    copyBytes(source, start, end, this.memory.bytes, address);
    this.api.lua_pushlstring(state, address, length);
  }

  /** Pushes text of one character per byte. */
  pushText(state: LuaState, text: string): void {
    const address = this.scratch(text.length);
    const bytes = this.memory.bytes;
    for (let at = 0; at < text.length; at++) bytes[address + at] = text.charCodeAt(at);
    this.api.lua_pushlstring(state, address, text.length);
  }

  /** Raises a Lua error whose text begins with the current place in the script, as luaL_error does. */
  raise(state: LuaState, message: string): never {
    return this.raiseAt(state, 1, message);
  }

  /** As `raise`, with the place of the function at a level of the call stack; 0 is the running function. */
  raiseAt(state: LuaState, level: number, message: string): never {
    this.api.luaL_where(state, level);
    this.pushText(state, message);
    this.api.lua_concat(state, 2);
    return this.api.lua_error(state);
  }

  /** Raises "bad argument #n to 'function' (message)". */
  argumentError(state: LuaState, argument: number, message: string): never {
    return this.api.luaL_argerror(state, argument, this.cString(message));
  }

  /**
   * Makes the clock be read sooner, because work outside of Lua was done that took as long as this many instructions
   * (some 5 ns each). Returns the instructions that are left.
   */
  charge(state: LuaState, instructions: number): number {
    const { memory } = this;
    const address = state + hookCountOffset;
    const left = Math.max(memory.word(address) - instructions, 1);
    memory.setWord(address, left);
    return left;
  }

  /** As `charge`, within work that may take long: looks at the clock when the count is used up, and may raise. */
  work(state: LuaState, instructions: number): void {
    if (this.charge(state, instructions) === 1) this.nativeWork?.step(state);
  }

  /** Pushes a field of the table on top of the stack; nil when a metamethod raises an error. */
  getField(state: LuaState, name: string): void {
    const { api } = this;
    if (api.lua_getmetatable(state, -1) === 0) {
      this.pushText(state, name);
      api.lua_rawget(state, -2);
      return;
    }
    api.lua_settop(state, -2);
    this.#getTable ??= this.addFunctions([
      (main: LuaState) => {
        api.lua_gettable(main, 1);
        return 1;
      },
    ])[0] as number;
    // Uses the main state, because a coroutine that has failed cannot run anything.
    const main = this.state;
    api.lua_pushcclosure(main, this.#getTable, 0);
    api.lua_pushvalue(state, -1);
    api.lua_xmove(state, main, 1);
    this.pushText(main, name);
    if (api.lua_pcall(main, 2, 1, 0) !== luaStatus.ok) {
      api.lua_settop(main, 0);
      api.lua_pushnil(main);
    }
    api.lua_xmove(main, state, 1);
  }

  /** Bytes that Lua uses, including garbage. */
  get usedBytes(): number {
    return this.api.lua_gc(this.state, countKib, 0) * 1024;
  }

  /** Runs a full garbage collection; returns the bytes in use after it. */
  collectAll(): number {
    this.api.lua_gc(this.state, collect, 0);
    return this.usedBytes;
  }

  /** Sets or clears the read-only mark of the table at a stack index. */
  setReadOnly(state: LuaState, index: number, readOnly: boolean): void {
    const flags = this.api.lua_topointer(state, index) + tableFlagsOffset;
    const { bytes } = this.memory;
    bytes[flags] = ((bytes[flags] as number) & ~readOnlyMask) | (readOnly ? readOnlyMark : 0);
  }

  isReadOnly(state: LuaState, index: number): boolean {
    const flags = this.memory.bytes[this.api.lua_topointer(state, index) + tableFlagsOffset] as number;
    return (flags & readOnlyMask) === readOnlyMark;
  }
}
