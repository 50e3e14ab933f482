import { encodeUnsigned } from "./wasm-binary.ts";

const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...encodeUnsigned(content.length),
  ...content,
];
const name = (text: string): number[] => [...encodeUnsigned(text.length), ...new TextEncoder().encode(text)];

const i32 = 0x7f;
const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** (i32) -> i32 for functions that scripts call, (i32, i32) -> () for hooks. */
const types = section(1, [2, 0x60, 1, i32, 1, i32, 0x60, 2, i32, i32, 0]);

/**
 * Puts JavaScript functions into a table of wasm functions, where Lua can call them; returns the index of each. A table
 * accepts only functions that a wasm instance exports, so a module of only imports and exports is made for them. A
 * function with two parameters is a hook.
 */
export function addToTable(table: WebAssembly.Table, functions: readonly ((...numbers: never[]) => unknown)[]): number {
  const imports: number[] = encodeUnsigned(functions.length);
  const exports: number[] = encodeUnsigned(functions.length);
  for (const [index, entry] of functions.entries()) {
    imports.push(...name("f"), ...name(String(index)), 0, entry.length === 2 ? 1 : 0);
    exports.push(...name(String(index)), 0, ...encodeUnsigned(index));
  }
  const bytes = Uint8Array.from([...magic, ...types, ...section(2, imports), ...section(7, exports)]);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    f: Object.fromEntries(functions.entries()),
  });
  const first = table.grow(functions.length);
  for (let index = 0; index < functions.length; index++) {
    table.set(first + index, instance.exports[String(index)]);
  }
  return first;
}
