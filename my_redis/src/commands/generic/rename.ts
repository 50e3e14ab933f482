import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Database } from "../../keyspace/database.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

export const rename = command({
  name: "RENAME",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Renames a key. A key that had the new name is replaced.",
  syntax: "key newkey:key",
  flags: ["write"],
  keys: [keyAt(1, "RW access delete"), keyAt(2, "OW update")],
  run({ database }, args, reply) {
    moveToName(database, args, true);
    reply.ok();
  },
});

export const renameNx = command({
  name: "RENAMENX",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Renames a key, unless a key with the new name exists.",
  syntax: "key newkey:key",
  flags: ["write", "fast"],
  keys: [keyAt(1, "RW access delete"), keyAt(2, "OW insert")],
  run({ database }, args, reply) {
    reply.integer(moveToName(database, args, false) ? 1 : 0);
  },
});

/** Moves the value from key 1 to key 2. Returns false when nothing moved. Throws when key 1 does not exist. */
function moveToName(database: Database, args: Arguments, overwrite: boolean): boolean {
  const address = database.write(args, 1);
  if (address === 0) throw new CommandError(errors.noSuchKey);
  if (Buffer.compare(args.view(1), args.view(2)) === 0) return false;
  const existing = database.write(args, 2);
  if (existing !== 0) {
    if (!overwrite) return false;
    database.remove(existing);
  }
  database.moveValue(address, database, args.buffer, args.start(2), args.end(2));
  database.changed(args, 1, "rename_from");
  database.announce(args, 2, "rename_to");
  return true;
}
