import type { Context } from "../../../dispatch/context.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError } from "../../../protocol/command-error.ts";
import { requireSnapshots } from "../save.ts";
import type { DebugSubcommand } from "./debug-subcommand.ts";

interface ReloadOptions {
  save: boolean;
  flush: boolean;
  merge: boolean;
}

function readOptions(args: Arguments): ReloadOptions {
  const options: ReloadOptions = { save: true, flush: true, merge: false };
  for (let index = 2; index < args.count; index++) {
    if (args.is(index, "merge")) options.merge = true;
    else if (args.is(index, "noflush")) options.flush = false;
    else if (args.is(index, "nosave")) options.save = false;
    else throw new CommandError("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
  }
  return options;
}

/** Does the work and reports the cause of a failure to the server's log. The reply only says that it failed. */
function attempt({ server }: Context, message: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    server.environment.report("error", "DEBUG could not replace the dataset", error);
    throw new CommandError(message);
  }
}

export const debugReload: DebugSubcommand = {
  name: "RELOAD",
  usage: "[NOSAVE] [NOFLUSH] [MERGE]",
  summary:
    "Saves a snapshot and replaces the dataset by it. NOSAVE uses the existing snapshot, NOFLUSH keeps the data " +
    "in memory, and MERGE replaces keys that are in both by those of the snapshot.",
  counts: [2, 5],
  run(context, args, reply) {
    const { server, keyspace } = context;
    const { save, flush, merge } = readOptions(args);
    const snapshots = requireSnapshots(server);
    if (save) attempt(context, "ERR", () => snapshots.save());
    attempt(context, "ERR Error trying to load the RDB dump, check server logs.", () => {
      if (flush) for (const database of keyspace.databases) database.flush();
      snapshots.load({ beforeLog: false, existing: merge ? "replace" : "refuse" });
    });
    context.logNothing();
    reply.ok();
  },
};

export const debugLoadAof: DebugSubcommand = {
  name: "LOADAOF",
  summary: "Replaces the dataset by the one in the append-only file.",
  counts: [2, 2],
  run(context, _args, reply) {
    const { server } = context;
    requireSnapshots(server);
    attempt(context, "ERR Error trying to load the AOF files, check server logs.", () => server.storage?.log.reload());
    context.logNothing();
    reply.ok();
  },
};
