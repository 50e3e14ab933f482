import { readLuaBinary } from "./read-lua-binary.ts";
import { WasmBinary, encodeUnsigned } from "./wasm-binary.ts";
import { calledFunctions } from "./wasm-calls.ts";
import { workCharges } from "./work-charges.ts";

/**
 * The two highest bits of a table's flags. Lua sets both in a new table, clears both at the first write, and never
 * reads them. The first bit alone marks a table as read-only.
 */
export const readOnlyMask = 0xc0;
export const readOnlyMark = 0x80;
/** Offset of the flags in a table. */
export const tableFlagsOffset = 6;
/** The import that the guard calls. In the binary it serves os.execute, which no script can reach. */
export const readOnlyViolation = "_emscripten_system";

let compiled: WebAssembly.Module | undefined;

/** Lua 5.1 as WebAssembly. It is compiled once per process. */
export function luaModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(adaptBinary(readLuaBinary()));
  return compiled;
}

/** Applies Redis's changes of Lua to the packaged binary. */
function adaptBinary(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const binary = new WasmBinary(bytes);
  const prologues = workCharges(binary);
  for (const [index, guard] of readOnlyGuards(binary)) {
    prologues.set(index, [...guard, ...(prologues.get(index) ?? [])]);
  }
  return saturateConversions(binary.withPrologues(prologues));
}

/**
 * Redis 7 can make a table read-only, which stock Lua cannot. Without that a script could change what later scripts
 * find. An empty proxy table with metamethods would protect only against plain assignments (rawset, table.insert, next,
 * pairs and # see through it). So luaH_set and luaH_setnum, the two functions through which every write to a table
 * goes, get a check at their start. They are found as the only functions that lua_rawset and lua_rawseti call.
 */
function readOnlyGuards(binary: WasmBinary): Map<number, readonly number[]> {
  const violation = binary.imports.get(readOnlyViolation);
  if (violation === undefined) throw new Error(`the Lua binary does not import ${readOnlyViolation}`);
  const guard = [
    ...[0x20, 1], // local.get 1: the table
    ...[0x2c, 0, tableFlagsOffset], // i32.load8_s: below -64 when the two bits are 1 and 0
    ...[0x41, 0x40, 0x48], // i32.const -64, i32.lt_s
    ...[0x04, 0x40], // if
    ...[0x20, 0, 0x10, ...encodeUnsigned(violation), 0x1a], // local.get 0: the Lua state; call; drop
    0x0b, // end
  ];
  const prologues = new Map<number, readonly number[]>();
  for (const name of ["lua_rawset", "lua_rawseti"]) {
    const called = calledFunctions(binary, binary.exports.get(name) ?? -1);
    if (called.length !== 1) throw new Error(`${name} of the Lua binary calls ${called.length} functions, not 1`);
    prologues.set(called[0] as number, guard);
  }
  return prologues;
}

/** `if (abs(x) < 2^31) truncate(x) else INT_MIN`, as the compiler encodes it; -1 stands for bytes that differ. */
const conversion = [
  0x99, 0x44, 0, 0, 0, 0, 0, 0, 0xe0, 0x41, 0x63, 0x04, 0x40, 0x20, -1, 0xaa, -1, -1, 0x0b, 0x41, 0x80, 0x80, 0x80,
  0x80, 0x78, 0x0b,
];

/**
 * An integer has 32 bits in this build and 64 in Redis's, so that string.sub(s, 1, 1e10) would end at -2^31 instead of
 * the string's end. A number out of range becomes the nearest integer instead.
 */
function saturateConversions(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const first = conversion[0] as number;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (!conversion.every((byte, index) => byte < 0 || bytes[at + index] === byte)) continue;
    const local = bytes[at + 14] as number;
    // local.get, i32.trunc_sat_f64_s, nop, nop: as long as the constant that it replaces.
    bytes.set([0x20, local, 0xfc, 0x02, 0x01, 0x01], at + conversion.length - 7);
  }
  return bytes;
}
