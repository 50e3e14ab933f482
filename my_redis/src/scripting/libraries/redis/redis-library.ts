import { createHash } from "node:crypto";
import { CommandArguments } from "./command-arguments.ts";
import { commandCalls, commandCharge, type ScriptState } from "./command-calls.ts";
import { pushError, raiseError } from "../../error-tables.ts";
import { luaType, type LuaState, type NativeFunction } from "../../lua/lua-api.ts";
import type { Lua } from "../../lua/lua.ts";
import { type LuaLibrary, setConstants, setFunctions } from "../library.ts";
import type { ReplicationTargets, ScriptHost, ScriptLogLevel } from "../../script-host.ts";

const versionNumber = (version: string): number =>
  version.split(".").reduce((number, part) => number * 256 + Number(part), 0);

const constants = {
  LOG_DEBUG: 0,
  LOG_VERBOSE: 1,
  LOG_NOTICE: 2,
  LOG_WARNING: 3,
  REPL_NONE: 0,
  REPL_AOF: 1,
  REPL_SLAVE: 2,
  REPL_REPLICA: 2,
  REPL_ALL: 3,
};

/** The table `redis` of scripts. */
export function redisLibrary(lua: Lua, host: ScriptHost, script: ScriptState): LuaLibrary {
  const functions = {
    ...commandFunctions(lua, host, script),
    ...replyFunctions(lua),
    ...settingFunctions(lua, host, script),
    sha1hex: sha1hex(lua),
    log: log(lua, host),
    // Replication is always by effects and there is no debugger; these exist for scripts that call them.
    replicate_commands: pushing(lua, true),
    breakpoint: pushing(lua, false),
    debug: () => 0,
  };
  return {
    name: "redis",
    open: () => {
      setFunctions(lua, functions);
      setConstants(lua, {
        ...constants,
        REDIS_VERSION: host.redisVersion,
        REDIS_VERSION_NUM: versionNumber(host.redisVersion),
      });
    },
  };
}

const pushing =
  (lua: Lua, value: boolean): NativeFunction =>
  (state) => {
    lua.api.lua_pushboolean(state, value ? 1 : 0);
    return 1;
  };

function commandFunctions(lua: Lua, host: ScriptHost, script: ScriptState): Record<string, NativeFunction> {
  const { api } = lua;
  const request = new CommandArguments(lua);
  return {
    ...commandCalls(lua, host, script),
    acl_check_cmd: (state) => {
      const refusal = request.read(state);
      if (refusal !== undefined) return raiseError(lua, state, refusal);
      const allowed = host.mayRun(request.args);
      if (allowed === undefined) return raiseError(lua, state, "Invalid command passed to redis.acl_check_cmd()");
      api.lua_pushboolean(state, allowed ? 1 : 0);
      return 1;
    },
  };
}

function replyFunctions(lua: Lua): Record<string, NativeFunction> {
  const { api } = lua;
  const isOneString = (state: LuaState): boolean =>
    api.lua_gettop(state) === 1 && api.lua_type(state, 1) === luaType.string;
  const refuse = (state: LuaState): number => {
    pushError(lua, state, "wrong number or type of arguments");
    return 1;
  };
  return {
    error_reply: (state) => {
      if (!isOneString(state)) return refuse(state);
      const message = lua.text(state, 1) ?? "";
      pushError(lua, state, message.startsWith("-") ? message : `-${message}`);
      return 1;
    },
    status_reply: (state) => {
      if (!isOneString(state)) return refuse(state);
      api.lua_createtable(state, 0, 0);
      api.lua_pushvalue(state, 1);
      api.lua_setfield(state, -2, lua.cString("ok"));
      return 1;
    },
  };
}

function settingFunctions(lua: Lua, host: ScriptHost, script: ScriptState): Record<string, NativeFunction> {
  const { api } = lua;
  return {
    setresp: (state) => {
      if (api.lua_gettop(state) !== 1) return raiseError(lua, state, "redis.setresp() requires one argument.");
      const protocol = Math.trunc(api.lua_tonumber(state, 1));
      if (protocol !== 2 && protocol !== 3) return raiseError(lua, state, "RESP version must be 2 or 3.");
      script.protocol = protocol;
      return 0;
    },
    set_repl: (state) => {
      if (api.lua_gettop(state) !== 1) return raiseError(lua, state, "redis.set_repl() requires two arguments.");
      const targets = Math.trunc(api.lua_tonumber(state, 1));
      if (!(targets >= 0 && targets <= 3)) {
        const names = "REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE";
        return raiseError(lua, state, `Invalid replication flags. Use ${names}.`);
      }
      host.setReplication(targets as ReplicationTargets);
      return 0;
    },
  };
}

const sha1hex =
  (lua: Lua): NativeFunction =>
  (state) => {
    if (lua.api.lua_gettop(state) !== 1) return raiseError(lua, state, "wrong number of arguments");
    const address = lua.string(state, 1);
    lua.charge(state, lua.length >>> 3);
    const bytes = address === 0 ? new Uint8Array(0) : lua.memory.bytes.subarray(address, address + lua.length);
    lua.pushText(state, createHash("sha1").update(bytes).digest("hex"));
    return 1;
  };

const log =
  (lua: Lua, host: ScriptHost): NativeFunction =>
  (state) => {
    const { api } = lua;
    const count = api.lua_gettop(state);
    if (count < 2) return raiseError(lua, state, "redis.log() requires two arguments or more.");
    if (api.lua_isnumber(state, 1) === 0) return raiseError(lua, state, "First argument must be a number (log level).");
    const level = Math.trunc(api.lua_tonumber(state, 1));
    if (!(level >= 0 && level <= 3)) return raiseError(lua, state, "Invalid debug level.");
    const parts: string[] = [];
    for (let index = 2; index <= count; index++) {
      const text = lua.text(state, index);
      if (text !== undefined) parts.push(text);
    }
    lua.charge(state, commandCharge);
    host.log(level as ScriptLogLevel, parts.join(" "));
    return 0;
  };
