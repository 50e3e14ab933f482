import { command } from "../../dispatch/command.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { Services } from "../../dispatch/context.ts";
import type { SnapshotStorage } from "../../dispatch/ports.ts";

/** The snapshots of a server that writes files. Throws when the server keeps everything in memory. */
export function requireSnapshots({ storage }: Services): SnapshotStorage {
  if (storage === undefined) throw new CommandError("ERR this server keeps everything in memory, and writes no file");
  return storage.snapshots;
}

export const save = command({
  name: "SAVE",
  group: "server",
  since: "1.0.0",
  complexity: "O(N) where N is the total number of keys in all databases",
  summary: "Writes all databases into the snapshot file, while every client waits.",
  flags: ["admin", "noscript", "no_async_loading", "no_multi"],
  run({ server }, _args, reply) {
    const snapshots = requireSnapshots(server);
    if (snapshots.inProgress) throw new CommandError("ERR Background save already in progress");
    try {
      snapshots.save();
    } catch (error) {
      server.environment.report("error", "the snapshot cannot be written", error);
      // Redis has no error text for this case, so the words are ours.
      throw new CommandError("ERR");
    }
    reply.ok();
  },
});

export const lastSave = command({
  name: "LASTSAVE",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Gives the Unix time, in seconds, of the last snapshot that was written.",
  flags: ["loading", "stale", "fast"],
  categories: ["admin", "dangerous"],
  tips: ["nondeterministic_output"],
  run({ server }, _args, reply) {
    reply.integer(Math.floor((server.storage?.snapshots?.lastSaveMs ?? server.process.startedAtMs) / 1000));
  },
});
