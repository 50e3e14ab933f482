interface ForeignFunctions<Functions> {
  dlopen(library: string, declared: object): { readonly symbols: Functions };
  ptr(bytes: ArrayBufferView): number;
}

/** Functions of the system's C library. */
export interface CLibrary<Functions> {
  readonly functions: Functions;
  /** The address of an array, for functions that take one. */
  ptr(bytes: ArrayBufferView): number;
}

/** The types of a function's arguments and of its result, in the words of bun:ffi. */
interface DeclaredFunction {
  readonly args: readonly string[];
  readonly returns: string;
}

/** Undefined where the C library cannot be called: on Node, on other systems than Linux, and with another C library. */
export function openCLibrary<Functions>(declared: {
  readonly [name in keyof Functions]: DeclaredFunction;
}): CLibrary<Functions> | undefined {
  if (typeof Bun === "undefined" || process.platform !== "linux") return undefined;
  try {
    const { dlopen, ptr } = process.getBuiltinModule("bun:ffi") as unknown as ForeignFunctions<Functions>;
    return { functions: dlopen("libc.so.6", declared).symbols, ptr };
  } catch {
    // The C library has another name here.
    return undefined;
  }
}
