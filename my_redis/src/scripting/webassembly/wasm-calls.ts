import type { WasmBinary, WasmCursor } from "./wasm-binary.ts";

/**
 * Instructions with this many numbers as operands; all other instructions that occur in the searched functions have
 * none.
 */
const numberOperands = new Map<number, number>([
  [0x02, 1], // block
  [0x03, 1], // loop
  [0x04, 1], // if
  [0x0c, 1], // br
  [0x0d, 1], // br_if
  [0x11, 2], // call_indirect
  [0x3f, 1], // memory.size
  [0x40, 1], // memory.grow
  [0x41, 1], // i32.const
  [0x42, 1], // i64.const
]);
const call = 0x10;
const branchTable = 0x0e;
const f32Constant = 0x43;
const f64Constant = 0x44;
const prefix = 0xfc;

/** The functions that a function calls directly, in the order of its code. */
export function calledFunctions(binary: WasmBinary, functionIndex: number): number[] {
  const { cursor, end } = binary.instructions(functionIndex);
  const called: number[] = [];
  while (cursor.at < end) {
    const instruction = cursor.byte();
    if (instruction === call) called.push(cursor.unsigned());
    else skipOperands(cursor, instruction);
  }
  return called;
}

function skipOperands(cursor: WasmCursor, instruction: number): void {
  const numbers = numberOperands.get(instruction);
  if (numbers !== undefined) cursor.skipNumbers(numbers);
  else if (instruction >= 0x20 && instruction <= 0x26) cursor.skipNumber();
  else if (instruction >= 0x28 && instruction <= 0x3e) cursor.skipNumbers(2);
  else if (instruction === branchTable) cursor.skipNumbers(cursor.unsigned() + 1);
  else if (instruction === f32Constant) cursor.at += 4;
  else if (instruction === f64Constant) cursor.at += 8;
  else if (instruction === prefix) skipPrefixed(cursor);
}

/** Saturating truncations (0 to 7) have no operands; memory.copy has two, memory.fill one. */
function skipPrefixed(cursor: WasmCursor): void {
  const kind = cursor.unsigned();
  if (kind === 10) cursor.skipNumbers(2);
  else if (kind === 11) cursor.skipNumber();
  else if (kind > 7) throw new Error(`the Lua binary has an instruction 0xfc ${kind} that is not known here`);
}
