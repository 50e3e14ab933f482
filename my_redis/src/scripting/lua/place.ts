import type { LuaState } from "./lua-api.ts";
import type { Lua } from "./lua.ts";

/** A line of a script, or of a chunk that the script has compiled. */
export interface Place {
  /** As Lua names the chunk: "@user_script". */
  readonly source: string;
  readonly line: number;
}

/** Fields of lua_Debug in this build, and its size. */
const debugFields = { what: 12, source: 16, currentLine: 20 };
export const debugBytes = 100;

/** Where a coroutine is: in its innermost function, or in that function's caller if the function is not a Lua one. */
export function placeOf(lua: Lua, thread: LuaState): Place | undefined {
  const { api, memory } = lua;
  const activation = lua.scratch(debugBytes);
  let place: Place | undefined;
  for (let level = 0; level < 2 && api.lua_getstack(thread, level, activation) !== 0; level++) {
    api.lua_getinfo(thread, lua.cString("Sl"), activation);
    const source = memory.cString(memory.word(activation + debugFields.source));
    place = { source, line: memory.word(activation + debugFields.currentLine) | 0 };
    if (memory.cString(memory.word(activation + debugFields.what)) !== "C") break;
  }
  return place;
}
