import type { Context, Scripts } from "../../dispatch/context.ts";
import { type Command, command } from "../../dispatch/command.ts";
import { countedKeys } from "../../dispatch/key-specification.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { Script } from "../../scripting/script-cache.ts";
import { readShebang, type Shebang } from "../../scripting/shebang.ts";

const digestLength = 40;
const noScript = "NOSCRIPT No matching script. Please use EVAL.";

/** Finds the script that argument 1 names, or throws. */
type FindScript = (runner: Scripts, args: Arguments) => Script;

const byText: FindScript = ({ engine }, args) => engine.load(args.view(1));

const byDigest: FindScript = ({ engine }, args) => {
  const script = engine.find(args.buffer, args.start(1), args.end(1));
  if (script === undefined) throw new CommandError(noScript);
  return script;
};

/** The script's shebang line; undefined when the script is unknown, invalid or has none. */
function shebangOf({ server }: Context, args: Arguments, find: FindScript): Shebang | undefined {
  try {
    return find === byText ? readShebang(args.view(1)) : find(server.scripts, args).shebang;
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

interface EvalDefinition {
  readonly name: string;
  readonly since: string;
  readonly summary: string;
  readonly find: FindScript;
  readonly readOnly: boolean;
}

function evalCommand({ name, since, summary, find, readOnly }: EvalDefinition): Command {
  const flags = ["noscript", "stale", "skip_monitor", "no_mandatory_keys"] as const;
  return command({
    name,
    group: "scripting",
    since,
    complexity: "Depends on the script",
    summary,
    syntax: `${find === byText ? "script" : "sha1"} numkeys [key...] [arg...]`,
    flags: readOnly ? ["readonly", ...flags] : flags,
    keys: countedKeys(2, readOnly ? "RO access" : "RW access update"),
    script: find === byText ? "text" : "digest",
    needsMemory(context, args) {
      const flags = shebangOf(context, args, find)?.flags;
      return flags !== undefined && !flags.has("no-writes") && !flags.has("allow-oom");
    },
    mayReplicate: (context, args) => !readOnly && shebangOf(context, args, find)?.flags?.has("no-writes") !== true,
    run(context, args, reply) {
      // The commands that the script runs are logged one by one.
      context.logNothing();
      // MONITOR shows the script before the commands that it runs.
      if (context.command !== undefined) context.server.observers.monitors.show(context.client, context.command, args);
      const runner = context.server.scripts;
      if (find === byDigest && args.length(1) !== digestLength) throw new CommandError(noScript);
      const keyCount = readKeyCount(args);
      const script = find(runner, args);
      runner.run(context, script, { args, keyCount, readOnly }, reply);
    },
  });
}

function readKeyCount(args: Arguments): number {
  const count = args.integer(2);
  if (count > args.count - 3) throw new CommandError("ERR Number of keys can't be greater than number of args");
  if (count < 0) throw new CommandError("ERR Number of keys can't be negative");
  return count;
}

export const evalText = evalCommand({
  name: "EVAL",
  since: "2.6.0",
  summary: "Runs a Lua script.",
  find: byText,
  readOnly: false,
});

export const evalReadOnly = evalCommand({
  name: "EVAL_RO",
  since: "7.0.0",
  summary: "Runs a Lua script that may not write.",
  find: byText,
  readOnly: true,
});

export const evalDigest = evalCommand({
  name: "EVALSHA",
  since: "2.6.0",
  summary: "Runs a cached Lua script, named by its SHA1 digest.",
  find: byDigest,
  readOnly: false,
});

export const evalDigestReadOnly = evalCommand({
  name: "EVALSHA_RO",
  since: "7.0.0",
  summary: "Runs a cached Lua script that may not write, named by its SHA1 digest.",
  find: byDigest,
  readOnly: true,
});
