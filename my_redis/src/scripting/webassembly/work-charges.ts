import type { WasmBinary } from "./wasm-binary.ts";
import { encodeUnsigned } from "./wasm-binary.ts";
import { calledFunctions } from "./wasm-calls.ts";

/** The imports that long native work calls. In the binary they serve os.remove and file:close, which no script can reach. */
export const nativeStep = "__syscall_rmdir";
export const longComparison = "fd_close";

/** Offset in a lua_State of the count of instructions that are left until the hook is called. */
export const hookCountOffset = 64;
/**
 * The functions of the packaged binary that no other one leads to: a test finds them among all functions, which would
 * take the first script too long.
 */
export const searchFunctions = { match: 402, find: 396 } as const;
/** Offset of the Lua state in lstrlib's MatchState and in luaL_Buffer. */
const ownerOffset = 8;
/** One instruction takes about as long as making 32 bytes of a string, or searching through 64. */
const madeShift = 5;
const searchedShift = 6;
/** Shorter strings are made about as fast as any instruction runs, and cost nothing more. */
const chargedBytes = 64;

const getLocal = (index: number): number[] => [0x20, index];
const load = (offset: number): number[] => [0x28, 2, offset];
/** A number below 64, which is one byte as a signed number too. */
const constant = (value: number): number[] => [0x41, value];
const greater = 0x4a;
const subtract = 0x6b;
const store = [0x36, 2, hookCountOffset];
const end = 0x0b;

/**
 * Lua counts instructions, but one instruction may copy megabytes or try millions of matches. So functions that do such
 * work take further instructions from the count, after which the hook is called and the clock is read:
 *
 * - luaS_newlstr, which makes every string: one for each 32 bytes. It is the last function that lua_pushlstring calls.
 * - `match` of string.find and the like, which tries one place of a text: one. It is the function that calls itself at
 *   the most places. luaH_setnum, which table.insert, table.remove and table.sort call for each element, and the two
 *   functions that fill buffers, for string.rep, string.gsub and table.concat: one each. When the count is used up,
 *   these call `nativeStep`, because no hook is called inside of a native function.
 * - str_find_aux of string.find and string.match: one for each 64 bytes of the text, for a search without a pattern. It
 *   is the only function besides `match` that calls `match` and memcmp.
 * - strcoll, which compares strings, and memcmp, which a search for a plain text calls. They know no Lua state, and
 *   report long texts to `longComparison`. They are the first functions that luaV_lessthan, which lua_lessthan calls,
 *   and luaS_newlstr call.
 */
export function workCharges(binary: WasmBinary): Map<number, readonly number[]> {
  const exported = (name: string): number => binary.exports.get(name) ?? -1;
  const newString = calledFunctions(binary, exported("lua_pushlstring")).at(-1) as number;
  const [setNumber] = calledFunctions(binary, exported("lua_rawseti"));
  const [lessThan] = calledFunctions(binary, exported("lua_lessthan"));
  const [compare] = calledFunctions(binary, lessThan as number);
  const [compareBytes] = calledFunctions(binary, newString);
  const report = imported(binary, nativeStep);
  const comparison = imported(binary, longComparison);
  const step = (state: readonly number[]): number[] => stepCharge(state, report);
  const owner = [...getLocal(0), ...load(ownerOffset)];
  return new Map([
    [newString, lengthCharge(madeLength)],
    [searchFunctions.match, step(owner)],
    [searchFunctions.find, lengthCharge(searchedLength(exported("lua_objlen")))],
    [setNumber as number, step(getLocal(0))],
    [exported("luaL_addlstring"), step(owner)],
    [exported("luaL_addvalue"), step(owner)],
    [compare as number, comparisonReport(textLength, comparison)],
    [compareBytes as number, comparisonReport(getLocal(2), comparison)],
  ]);
}

function imported(binary: WasmBinary, name: string): number {
  const index = binary.imports.get(name);
  if (index === undefined) throw new Error(`the Lua binary does not import ${name}`);
  return index;
}

interface ChargedLength {
  readonly bytes: readonly number[];
  readonly shift: number;
}

/** For luaS_newlstr(state, address, length). */
const madeLength: ChargedLength = { bytes: getLocal(2), shift: madeShift };

/** For str_find_aux(state, find), whose first Lua argument is the text. */
const searchedLength = (objectLength: number): ChargedLength => ({
  bytes: [...getLocal(0), ...constant(1), 0x10, ...encodeUnsigned(objectLength)],
  shift: searchedShift,
});

/** `if (length > 63) count = max(count - (length >> shift), 1)`: the hook is called when the next instruction makes it 0. */
function lengthCharge({ bytes, shift }: ChargedLength): readonly number[] {
  const left = [...getLocal(0), ...load(hookCountOffset), ...bytes, ...constant(shift), 0x76 /* i32.shr_u */, subtract];
  return [
    ...bytes,
    ...constant(chargedBytes - 1),
    0x4b, // i32.gt_u
    ...[0x04, 0x40], // if
    ...getLocal(0),
    ...left,
    ...constant(1),
    ...left,
    ...constant(1),
    greater,
    0x1b, // select
    ...store,
    end,
  ];
}

/** A string's length stands in the four bytes before its text. */
const textLength = [...getLocal(0), ...constant(4), subtract, ...load(0)];

/** `if (length > 4096) longComparison(length)`. */
const comparisonReport = (length: readonly number[], report: number): number[] => [
  ...length,
  ...[0x41, 0x80, 0x20], // i32.const 4096
  0x4b, // i32.gt_u
  ...[0x04, 0x40], // if
  ...length,
  ...[0x10, ...encodeUnsigned(report), 0x1a], // call, drop
  end,
];

/** `if (count > 1) count -= 1; else nativeStep(state)`. */
const stepCharge = (state: readonly number[], report: number): number[] => [
  ...state,
  ...load(hookCountOffset),
  ...constant(1),
  greater,
  ...[0x04, 0x40], // if
  ...state,
  ...state,
  ...load(hookCountOffset),
  ...constant(1),
  subtract,
  ...store,
  0x05, // else
  ...state,
  ...[0x10, ...encodeUnsigned(report), 0x1a], // call, drop
  end,
];
