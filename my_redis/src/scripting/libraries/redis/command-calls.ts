import { copyBytes } from "../../../memory/copy-bytes.ts";
import { Arguments } from "../../../protocol/arguments.ts";
import { ReplyWriter } from "../../../protocol/reply-writer.ts";
import { pushError } from "../../error-tables.ts";
import type { LuaState, NativeFunction } from "../../lua/lua-api.ts";
import type { Lua } from "../../lua/lua.ts";
import type { ScriptHost } from "../../script-host.ts";
import { callKernel } from "./call-kernel-binary.ts";
import { CommandArguments } from "./command-arguments.ts";
import { ReplyToLua } from "./reply-to-lua.ts";

const errorSign = 45;
/** A brief command takes about as long as this many instructions. The kernel has the same number. */
export const commandCharge = 200;

// The kernel's area in Lua's memory, as call-kernel.wat describes it.
const okAt = 4;
const startsAt = 8;
const endsAt = 264;
const replyAt = 2056;
const maxArguments = 64;
const maxReplyBytes = 16 * 1024;

/** The choices of the running script. */
export interface ScriptState {
  /** The protocol in which the script gets replies: redis.setresp. */
  protocol: 2 | 3;
}

let compiled: WebAssembly.Module | undefined;

/**
 * redis.call and redis.pcall. A kernel in WebAssembly finds the arguments, and turns the reply into a Lua value: both need
 * many calls of Lua's API, and each of them would cross over from JavaScript. It handles strings, integers and short
 * replies. All else, such as errors, fractions and long replies, is handled here.
 */
export function commandCalls(
  lua: Lua,
  host: ScriptHost,
  script: ScriptState,
): Record<"call" | "pcall", NativeFunction> {
  compiled ??= new WebAssembly.Module(Buffer.from(callKernel, "base64"));
  const calls = new CommandCalls(lua, host, script);
  const { exports } = new WebAssembly.Instance(compiled, {
    lua: lua.api as unknown as Record<string, never>,
    host: {
      area: calls.area,
      run: (count: number) => calls.run(count),
      pushReply: (state: LuaState) => calls.pushReply(state),
      runSlowly: (state: LuaState) => calls.runSlowly(state),
    },
  });
  return { call: exports["call"] as NativeFunction, pcall: exports["pcall"] as NativeFunction };
}

/** What the kernel calls. Its methods give what call-kernel.wat says at their imports. */
class CommandCalls {
  readonly area: number;
  readonly #lua: Lua;
  readonly #host: ScriptHost;
  readonly #script: ScriptState;
  readonly #args = new Arguments();
  readonly #anyArguments: CommandArguments;
  readonly #reply = new ReplyWriter();
  readonly #decoder: ReplyToLua;

  constructor(lua: Lua, host: ScriptHost, script: ScriptState) {
    this.#lua = lua;
    this.#host = host;
    this.#script = script;
    this.#anyArguments = new CommandArguments(lua);
    this.#decoder = new ReplyToLua(lua);
    this.area = lua.reserve(replyAt + maxReplyBytes);
    lua.memory.bytes.set(Buffer.from("ok"), this.area + okAt);
  }

  run(count: number): number {
    const { bytes } = this.#lua.memory;
    const args = this.#args;
    if (args.buffer !== bytes) {
      // Lua's memory has grown, or this is the first call.
      args.reset(bytes);
      args.starts = new Int32Array(bytes.buffer, this.area + startsAt, maxArguments);
      args.ends = new Int32Array(bytes.buffer, this.area + endsAt, maxArguments);
    }
    args.count = count;
    this.#call(args);
    const { bytes: reply, length } = this.#reply;
    if (reply[0] === errorSign || length > maxReplyBytes) return 0;
    copyBytes(reply, 0, length, bytes, this.area + replyAt);
    return length;
  }

  runSlowly(state: LuaState): number {
    const lua = this.#lua;
    const request = this.#anyArguments;
    const refusal = request.read(state);
    if (refusal !== undefined) {
      pushError(lua, state, refusal);
      return 1;
    }
    lua.charge(state, commandCharge);
    this.#call(request.args);
    // The arguments are no longer needed, and the reply may need their stack slots.
    lua.api.lua_settop(state, 0);
    return this.pushReply(state);
  }

  #call(args: Arguments): void {
    const reply = this.#reply;
    reply.clear();
    reply.protocol = this.#script.protocol;
    this.#host.call(args, reply);
  }

  pushReply(state: LuaState): number {
    const { bytes } = this.#reply;
    this.#decoder.push(state, bytes, 0);
    return bytes[0] === errorSign ? 1 : 0;
  }
}
