import { command, type Command } from "../../../dispatch/command.ts";
import { isLocalClient } from "../../../dispatch/local-client.ts";
import { Refusal } from "../../../dispatch/outcome.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";
import type { DebugSubcommand } from "./debug-subcommand.ts";
import { debugDigest, debugDigestValue } from "./digest.ts";
import { debugHtstats, debugHtstatsKey } from "./hash-table-statistics.ts";
import { debugObject } from "./object.ts";
import { debugPopulate } from "./populate.ts";
import { debugProtocol } from "./protocol.ts";
import { debugLoadAof, debugReload } from "./reload.ts";
import { debugSleep } from "./sleep.ts";
import { debugSdslen } from "./string-length.ts";
import {
  debugConfigRewriteForceAll,
  debugQuicklistPackedThreshold,
  debugSetDisableDenyScripts,
  debugSetSkipChecksumValidation,
} from "./switches.ts";

const notAllowed = new Refusal(
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local ' +
    "connection, otherwise you need to set this option in the configuration file, and then restart the server.",
);

const setActiveExpire: DebugSubcommand = {
  name: "SET-ACTIVE-EXPIRE",
  usage: "<0|1>",
  summary: "Turns the background removal of expired keys on or off.",
  counts: [3, 3],
  run({ server }, args, reply) {
    server.activeExpiry.enabled = args.integer(2) !== 0;
    reply.ok();
  },
};

const errorReply: DebugSubcommand = {
  name: "ERROR",
  usage: "<text>",
  summary: "Answers with this error.",
  counts: [3, 3],
  run(_context, args) {
    throw new CommandError(args.latin1(2));
  },
};

const log: DebugSubcommand = {
  name: "LOG",
  usage: "<message>",
  summary: "Writes a message to the server's log.",
  counts: [3, 3],
  run({ server }, args, reply) {
    server.environment.report("warning", `DEBUG LOG: ${args.text(2)}`);
    reply.ok();
  },
};

/** Redis's test suite sets these internal switches. They have no counterpart here. */
const withoutEffect = (name: string, counts: readonly [number, number]): DebugSubcommand => ({
  name,
  summary: "Accepted without effect.",
  counts,
  run: (_context, _args, reply) => reply.ok(),
});

const help: DebugSubcommand = {
  name: "HELP",
  summary: "Prints this help.",
  counts: [2, 2],
  run(_context, _args, reply) {
    const lines = ["DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"];
    for (const { name, usage, summary } of subcommands) {
      lines.push(usage === undefined ? name : `${name} ${usage}`, `    ${summary}`);
    }
    reply.array(lines.length);
    for (const line of lines) reply.simple(line);
  },
};

const subcommands: readonly DebugSubcommand[] = [
  debugConfigRewriteForceAll,
  debugDigest,
  debugDigestValue,
  errorReply,
  debugHtstats,
  debugHtstatsKey,
  debugLoadAof,
  log,
  debugObject,
  debugPopulate,
  debugProtocol,
  debugQuicklistPackedThreshold,
  debugReload,
  debugSdslen,
  setActiveExpire,
  debugSetDisableDenyScripts,
  debugSetSkipChecksumValidation,
  debugSleep,
  withoutEffect("AOF-FLUSH-SLEEP", [3, 3]),
  withoutEffect("CHANGE-REPL-ID", [2, 2]),
  withoutEffect("PAUSE-CRON", [3, 3]),
  withoutEffect("REPLYBUFFER", [4, 4]),
  help,
];

export const debug: Command = command({
  name: "DEBUG",
  group: "server",
  since: "1.0.0",
  complexity: "Depends on the subcommand.",
  summary: "Inspects and disturbs the server for tests; enable-debug-command decides which clients may use it.",
  flags: ["admin", "noscript", "loading", "stale"],
  // As in Redis, the subcommands of DEBUG are not in the command table.
  arity: -2,
  permission({ client, server }) {
    const allowed = server.settings.values["enable-debug-command"];
    return allowed === "yes" || (allowed === "local" && isLocalClient(client)) ? "run" : notAllowed;
  },
  run(context, args, reply) {
    const found = subcommands.find(({ name }) => args.is(1, name.toLowerCase()));
    if (found === undefined || args.count < found.counts[0] || args.count > found.counts[1]) {
      throw new CommandError(errors.subcommandSyntax(args.latin1(1).slice(0, 128), "debug"));
    }
    found.run(context, args, reply);
  },
});
