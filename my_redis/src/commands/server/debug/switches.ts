import { CommandError } from "../../../protocol/command-error.ts";
import { rewriteConfigFile } from "../../../settings/rewrite-config.ts";
import { parseMemory } from "../../../settings/value-kinds.ts";
import type { DebugSubcommand } from "./debug-subcommand.ts";

/** Redis's limit: 4 GiB but for 1 MiB. */
const maxPackedBytes = (1n << 32n) - (1n << 20n);

export const debugConfigRewriteForceAll: DebugSubcommand = {
  name: "CONFIG-REWRITE-FORCE-ALL",
  summary: "As CONFIG REWRITE, and writes what is at its default, too.",
  counts: [2, 2],
  run({ server }, _args, reply) {
    const { file } = server.settings;
    if (file === undefined) throw new CommandError("ERR CONFIG-REWRITE-FORCE-ALL failed: Invalid argument");
    try {
      rewriteConfigFile(file, server.settings, { withDefaults: true });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CommandError(`ERR CONFIG-REWRITE-FORCE-ALL failed: ${reason}`);
    }
    reply.ok();
  },
};

/** Lists here keep large elements beside the others, so there is nothing to switch: only the value is checked. */
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
  summary: "Lets scripts call commands that are not for scripts, as tests do, or refuses them again.",
  counts: [3, 3],
  run({ server }, args, reply) {
    server.execution.letScriptsCallAll(Number.parseInt(args.latin1(2), 10) > 0);
    reply.ok();
  },
};
