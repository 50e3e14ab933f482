import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { openHash, packedBytes } from "../../collections/hash-key.ts";
import { mergePacked, storePacked } from "../../collections/store-packed.ts";
import type { Database } from "../../keyspace/database.ts";
import type { Address } from "../../memory/heap.ts";
import { typeOf, valueType } from "../../memory/record.ts";
import { ElementRun, isWorthPacking } from "../../values/element-run.ts";

const run = new ElementRun();

/** Sets the pairs from argument 2 on. Returns the number of new fields. */
function setFields(context: Context, args: Arguments, name: string): number {
  if (args.count % 2 === 1) throw new CommandError(errors.wrongArity(name));
  const { database } = context;
  const found = database.writeTyped(args, 1, valueType.hash);
  const addedAtOnce = isWorthPacking(args, 2) ? addAtOnce(database, args, found) : -1;
  if (addedAtOnce >= 0) {
    database.changed(args, 1, "hset", (args.count - 2) / 2);
    return addedAtOnce;
  }
  const hash = openHash(database, args, args.count > 4 ? packedBytesWithin(context, args) : 0, found);
  const buffer = args.buffer;
  let added = 0;
  for (let index = 2; index < args.count; index += 2) {
    const value = index + 1;
    if (hash.set(buffer, args.start(index), args.end(index), buffer, args.start(value), args.end(value))) added++;
  }
  database.changed(args, 1, "hset", (args.count - 2) / 2);
  return added;
}

/** Sets all pairs at once, if they are packed. Gives the number of new fields, or -1 when nothing has changed. */
function addAtOnce(database: Database, args: Arguments, found: Address, hash?: number): number {
  if (found !== 0) return mergePacked(database, args, found, "hash", hash);
  return run.pack(args, 2) && storePacked(database, args, "hash", run, hash) ? run.count / 2 : -1;
}

function loadFields({ database, keyspace }: Context, args: Arguments, keyHash: number): boolean {
  if (args.count % 2 === 1) return false;
  const found = database.loading(args, keyHash);
  if (found !== 0 && typeOf(keyspace.heap, found) !== valueType.hash) return false;
  if (addAtOnce(database, args, found, keyHash) < 0) return false;
  keyspace.dirty += (args.count - 2) / 2;
  return true;
}

/** The bytes that a new hash needs if it will be packed. */
function packedBytesWithin({ server }: Context, args: Arguments): number {
  return args.count / 2 - 1 > server.settings.values["hash-max-listpack-entries"] ? 0 : packedBytes(args, 2);
}

export const hset = command({
  name: "HSET",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1) for each field, so O(N) for N fields.",
  summary: "Sets fields of a hash, creating it if needed; gives the number of fields that are new.",
  syntax: "key {field value}...",
  flags: ["write", "denyoom", "fast"],
  keys: keyAt(1, "RW update"),
  run(context, args, reply) {
    reply.integer(setFields(context, args, "hset"));
  },
  loadOperation: "hset",
  load: loadFields,
});

export const hmset = command({
  name: "HMSET",
  group: "hash",
  since: "2.0.0",
  complexity: "O(N) for N fields.",
  summary: "Sets fields of a hash. HSET does the same, and also returns how many fields were new.",
  syntax: "key {field value}...",
  flags: ["write", "denyoom", "fast"],
  keys: keyAt(1, "RW update"),
  run(context, args, reply) {
    setFields(context, args, "hmset");
    reply.ok();
  },
  loadOperation: "hset",
  load: loadFields,
});

export const hsetnx = command({
  name: "HSETNX",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  summary: "Sets a field of a hash unless the hash has that field already.",
  syntax: "key field value",
  flags: ["write", "denyoom", "fast"],
  keys: keyAt(1, "RW insert"),
  run(context, args, reply) {
    const hash = openHash(context.database, args);
    const buffer = args.buffer;
    if (hash.get(buffer, args.start(2), args.end(2)) !== undefined) {
      reply.integer(0);
      return;
    }
    hash.set(buffer, args.start(2), args.end(2), buffer, args.start(3), args.end(3));
    context.database.changed(args, 1, "hset");
    reply.integer(1);
  },
});
