import { command } from "../../../dispatch/command.ts";
import { container } from "../../../dispatch/container.ts";
import { CommandError } from "../../../protocol/command-error.ts";
import { rewriteConfigFile } from "../../../settings/rewrite-config.ts";
import { configGet } from "./get.ts";
import { configSet } from "./set.ts";

const resetstat = command({
  name: "CONFIG RESETSTAT",
  group: "server",
  since: "2.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Resets the counters that INFO reports to zero.",
  flags: ["admin", "noscript", "loading", "stale"],
  run({ server }, _args, reply) {
    server.observers.statistics.reset();
    server.keyspace.resetStatistics();
    server.memoryLimit.resetStatistics();
    server.commands.resetStatistics();
    reply.ok();
  },
});

const rewrite = command({
  name: "CONFIG REWRITE",
  group: "server",
  since: "2.8.0",
  complexity: "O(1)",
  brief: true,
  summary: "Writes the current settings to the configuration file, and keeps its comments.",
  flags: ["admin", "noscript", "loading", "stale"],
  run({ server }, _args, reply) {
    const { file } = server.settings;
    if (file === undefined) throw new CommandError("ERR The server is running without a config file");
    try {
      rewriteConfigFile(file, server.settings, server.environment);
    } catch (error) {
      server.environment.report("warning", "CONFIG REWRITE failed", error);
      throw new CommandError(`ERR Rewriting config file: ${error instanceof Error ? error.message : String(error)}`);
    }
    reply.ok();
  },
});

export const config = container({
  name: "CONFIG",
  group: "server",
  since: "2.0.0",
  complexity: "Depends on the subcommand.",
  summary: "Groups the commands that read and change the directives of redis.conf.",
  flags: [],
  helpSince: "5.0.0",
  subcommands: [configGet, configSet, resetstat, rewrite],
});
