import type { Database } from "../../keyspace/database.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

const maxInt32 = 2147483647;
const notInRange = `ERR value is out of range, value must between ${-maxInt32 - 1} and ${maxInt32}`;

/**
 * Reads a database index. Throws when the argument is not a number (with `message`, if given), or when that database
 * does not exist.
 */
export function readDatabase(keyspace: Keyspace, args: Arguments, index: number, message?: string): Database {
  const number = args.integer(index, message);
  if (number > maxInt32 || number < -maxInt32 - 1) throw new CommandError(message ?? notInRange);
  const database = keyspace.databases[number];
  if (database === undefined) throw new CommandError(errors.outOfDatabaseRange);
  return database;
}
