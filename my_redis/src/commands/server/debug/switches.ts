import { CommandError } from "../../../protocol/command-error.ts";
import { rewriteConfigFile } from "../../../settings/rewrite-config.ts";
import { parseMemory } from "../../../settings/value-kinds.ts";
import type { DebugSubcommand } from "./debug-subcommand.ts";

/** Redis's limit: 1 MiB less than 4 GiB. */
const maxPackedBytes = (1n << 32n) - (1n << 20n);

export const debugConfigRewriteForceAll: DebugSubcommand = {
  name: "CONFIG-REWRITE-FORCE-ALL",
  summary: "Does the same as CONFIG REWRITE, and also writes directives at their defaults.",
  counts: [2, 2],
  run({ server }, _args, reply) {
    const { file } = server.settings;
    if (file === undefined) throw new CommandError("ERR CONFIG-REWRITE-FORCE-ALL failed: Invalid argument");
    try {
      rewriteConfigFile(file, server.settings, server.environment, { withDefaults: true });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CommandError(`ERR CONFIG-REWRITE-FORCE-ALL failed: ${reason}`);
    }
    reply.ok();
  },
};

/** Lists here keep large elements beside the others, so this has no effect. Only the value is validated. */
export const debugQuicklistPackedThreshold: DebugSubcommand = {
  name: "QUICKLIST-PACKED-THRESHOLD",
  usage: "<size>",
  summary: "Accepted without effect.",
  counts: [3, 3],
  run(_context, args, reply) {
    const message = "ERR argument must be a memory value bigger than 1 and smaller than 4gb";
    if (parsePackedBytes(args.latin1(2), message) > maxPackedBytes) throw new CommandError(message);
    reply.ok();
  },
};

function parsePackedBytes(word: string, message: string): bigint {
  try {
    return parseMemory(word);
  } catch {
    throw new CommandError(message);
  }
}

export const debugSetDisableDenyScripts: DebugSubcommand = {
  name: "SET-DISABLE-DENY-SCRIPTS",
  usage: "<0|1>",
  summary: "Allows scripts, for tests, to call commands that scripts may not call, or forbids it again.",
  counts: [3, 3],
  run({ server }, args, reply) {
    server.execution.letScriptsCallAll(Number.parseInt(args.latin1(2), 10) > 0);
    reply.ok();
  },
};

export const debugSetSkipChecksumValidation: DebugSubcommand = {
  name: "SET-SKIP-CHECKSUM-VALIDATION",
  usage: "<0|1>",
  summary: "Lets RESTORE take payloads with a wrong checksum, for tests of its other checks, or refuse them again.",
  counts: [3, 3],
  run({ server }, args, reply) {
    server.execution.skipPayloadChecksums(Number.parseInt(args.latin1(2), 10) > 0);
    reply.ok();
  },
};
