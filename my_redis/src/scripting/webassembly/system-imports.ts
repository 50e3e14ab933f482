import { readOnlyViolation } from "./lua-binary.ts";
import type { LuaMemory } from "./lua-memory.ts";
import { longComparison, nativeStep } from "./work-charges.ts";

/**
 * The JavaScript exception for a thrown Lua error. One object for all, because making a stack trace takes microseconds.
 */
const luaThrow = new Error("a Lua error on its way");

/** Lua met an error outside any protected call, or wanted to end the process. The VM cannot be used any more. */
export class LuaPanic extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "LuaPanic";
  }
}

type Import = (...numbers: number[]) => number | void;

/** The wasm functions that the imports call back. They are known only after the instance was made. */
export interface SystemExports {
  stackSave(): number;
  stackRestore(pointer: number): void;
  setThrew(threw: number, value: number): void;
}

export interface SystemOptions {
  memory: LuaMemory;
  exports: () => SystemExports;
  table: () => WebAssembly.Table;
  onReadOnlyViolation: (state: number) => number;
  nativeWork: () => { step(state: number): void; compare(bytes: number): void } | undefined;
}

/**
 * The imports of the binary: no files, no environment, no processes. Such calls fail as if nothing existed; most of
 * them are out of a script's reach anyway.
 */
export function systemImports(
  module: WebAssembly.Module,
  options: SystemOptions,
): Record<string, Record<string, Import>> {
  const known = knownImports(options);
  const imports: Record<string, Record<string, Import>> = {};
  for (const { module: space, name } of WebAssembly.Module.imports(module)) {
    imports[space] ??= {};
    imports[space][name] = known[name] ?? (() => -1);
  }
  return imports;
}

function knownImports(options: SystemOptions): Record<string, Import> {
  const { memory } = options;
  return {
    invoke_vii: protectedCalls(options),
    _emscripten_throw_longjmp: () => {
      throw luaThrow;
    },
    [readOnlyViolation]: (state) => options.onReadOnlyViolation(state),
    [nativeStep]: (state) => {
      options.nativeWork()?.step(state);
      return 0;
    },
    [longComparison]: (bytes) => {
      options.nativeWork()?.compare(bytes);
      return 0;
    },
    emscripten_memcpy_js: (to, from, count) => {
      memory.bytes.copyWithin(to, from, from + count);
    },
    emscripten_resize_heap: (bytes) => (memory.grow(bytes >>> 0) ? 1 : 0),
    _emscripten_get_now_is_monotonic: () => 1,
    environ_sizes_get: (count, size) => {
      memory.setWord(count, 0);
      memory.setWord(size, 0);
      return 0;
    },
    environ_get: () => 0,
    exit: () => {
      throw new LuaPanic("Lua met an error outside any protected call");
    },
  };
}

/**
 * Lua's setjmp: calls a function of the table, and returns when a Lua error was thrown in it. Every other exception
 * comes from JavaScript and is passed on.
 */
function protectedCalls({ exports, table }: SystemOptions): Import {
  const functions: ((first: number, second: number) => void)[] = [];
  return (index, first, second) => {
    const wasm = exports();
    const stack = wasm.stackSave();
    try {
      (functions[index] ??= table().get(index))(first, second);
    } catch (error) {
      wasm.stackRestore(stack);
      if (error !== luaThrow) throw error;
      wasm.setThrew(1, 0);
    }
  };
}
