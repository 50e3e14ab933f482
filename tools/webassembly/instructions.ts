/** What follows the code of an instruction. "memory" is an address, "bytes" as many zeros as the first word says. */
export type Immediate = "none" | "local" | "global" | "label" | "function" | "memory" | "i32" | "i64" | "f64" | "bytes";

export const sectionId = { type: 1, import: 2, function: 3, export: 7, code: 10 };

export const valueTypes: Readonly<Record<string, number>> = { i32: 0x7f, i64: 0x7e, f64: 0x7c };

export const blockInstructions: Readonly<Record<string, number>> = { block: 0x02, loop: 0x03 };

interface Instruction {
  readonly code: readonly number[];
  readonly immediate: Immediate;
}

/** Instructions with consecutive codes from `first` on. */
const numbered = (first: number, immediate: Immediate, names: string): [string, Instruction][] =>
  names.split(" ").map((name, index) => [name, { code: [first + index], immediate }]);

const integers = (first: number, type: "i32" | "i64"): [string, Instruction][] =>
  numbered(
    first,
    "none",
    "clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr"
      .split(" ")
      .map((name) => `${type}.${name}`)
      .join(" "),
  );

/** The instructions that our kernels use, and their neighbours in the table of the specification. */
export const instructions: Readonly<Record<string, Instruction>> = Object.fromEntries([
  ...numbered(0x00, "none", "unreachable"),
  ...numbered(0x0c, "label", "br br_if"),
  ...numbered(0x0f, "none", "return"),
  ...numbered(0x10, "function", "call"),
  ...numbered(0x1a, "none", "drop select"),
  ...numbered(0x20, "local", "local.get local.set local.tee"),
  ...numbered(0x23, "global", "global.get"),
  ...numbered(0x28, "memory", "i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u"),
  ...numbered(0x30, "memory", "i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u i32.store"),
  ...numbered(0x37, "memory", "i64.store f32.store f64.store i32.store8 i32.store16"),
  ...numbered(0x41, "i32", "i32.const"),
  ...numbered(0x42, "i64", "i64.const"),
  ...numbered(0x44, "f64", "f64.const"),
  ...numbered(
    0x45,
    "none",
    "i32.eqz i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u",
  ),
  ...numbered(
    0x50,
    "none",
    "i64.eqz i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u",
  ),
  ...numbered(0x61, "none", "f64.eq f64.ne f64.lt f64.gt f64.le f64.ge"),
  ...integers(0x67, "i32"),
  ...integers(0x79, "i64"),
  ...numbered(0x99, "none", "f64.abs f64.neg f64.ceil f64.floor f64.trunc"),
  ...numbered(0xa0, "none", "f64.add f64.sub f64.mul f64.div"),
  ...numbered(0xa7, "none", "i32.wrap_i64"),
  ...numbered(0xac, "none", "i64.extend_i32_s i64.extend_i32_u"),
  ...numbered(0xb0, "none", "i64.trunc_f64_s i64.trunc_f64_u"),
  ...numbered(0xb9, "none", "f64.convert_i64_s f64.convert_i64_u"),
  ...numbered(0xbd, "none", "i64.reinterpret_f64"),
  ...[
    ["memory.copy", { code: [0xfc, 10, 0, 0], immediate: "none" }] as [string, Instruction],
    ["memory.fill", { code: [0xfc, 11, 0], immediate: "none" }] as [string, Instruction],
  ],
]);
