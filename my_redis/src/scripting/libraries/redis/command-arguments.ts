import { Arguments } from "../../../protocol/arguments.ts";
import { luaType, type LuaState } from "../../lua/lua-api.ts";
import type { Lua } from "../../lua/lua.ts";
import { longestNumberBytes, writeArgument } from "../../number-text.ts";

/** The arguments of a redis.call, read directly in the VM's memory, so that strings are not copied. */
export class CommandArguments {
  readonly args = new Arguments();
  readonly #lua: Lua;

  constructor(lua: Lua) {
    this.#lua = lua;
  }

  /** Reads all values on the stack; returns why they cannot be a command. */
  read(state: LuaState): string | undefined {
    const lua = this.#lua;
    const { api } = lua;
    const count = api.lua_gettop(state);
    if (count === 0) return "Please specify at least one argument for this redis lib call";
    // Room for the numbers is made first, because that may move the memory in which the strings lie.
    let numbers = lua.scratch(count * longestNumberBytes);
    const { args } = this;
    args.reset(lua.memory.bytes);
    for (let index = 1; index <= count; index++) {
      const type = api.lua_type(state, index);
      if (type === luaType.string) {
        const address = lua.string(state, index);
        args.push(address, address + lua.length);
      } else if (type === luaType.number) {
        const end = writeArgument(lua.memory.bytes, numbers, api.lua_tonumber(state, index));
        args.push(numbers, end);
        numbers += longestNumberBytes;
      } else {
        return "Lua redis lib command arguments must be strings or integers";
      }
    }
    return undefined;
  }
}
