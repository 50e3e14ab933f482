import { expect, test } from "bun:test";
import { readLuaBinary } from "../../src/scripting/webassembly/read-lua-binary.ts";
import { WasmBinary } from "../../src/scripting/webassembly/wasm-binary.ts";
import { calledFunctions } from "../../src/scripting/webassembly/wasm-calls.ts";
import { searchFunctions } from "../../src/scripting/webassembly/work-charges.ts";

test("the packaged Lua has the functions that search a text at the known places", () => {
  const binary = new WasmBinary(readLuaBinary());
  const called = (index: number): number[] => calledFunctions(binary, index);
  const exported = (name: string): number => binary.exports.get(name) ?? -1;
  const functions = Array.from({ length: binary.functionCount }, (_, index) => index + binary.imports.size);
  // `match` calls itself at the most places.
  const selfCalls = (index: number): number => called(index).filter((each) => each === index).length;
  const [match] = functions.toSorted((a, b) => selfCalls(b) - selfCalls(a));
  // str_find_aux is the only other function that calls both `match` and memcmp, which luaS_newlstr calls first.
  const compareBytes = called(called(exported("lua_pushlstring")).at(-1) as number)[0] as number;
  const searching = functions.filter((index) => {
    const calls = called(index);
    return index !== match && calls.includes(match as number) && calls.includes(compareBytes);
  });
  expect({ match, find: searching }).toEqual({ match: searchFunctions.match, find: [searchFunctions.find] });
});
