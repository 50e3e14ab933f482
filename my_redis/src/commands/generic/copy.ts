import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Database } from "../../keyspace/database.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { readDatabase } from "./database-number.ts";
import { OptionReader } from "../options/option-reader.ts";

export const copy = command({
  name: "COPY",
  group: "generic",
  since: "6.2.0",
  complexity: "O(N) with N being the number of elements of the value; O(1) for a string",
  summary: "Copies the value of a key to another key, in this or another database.",
  syntax: "source:key destination:key [DB=destination-db:integer] [REPLACE]",
  flags: ["write", "denyoom"],
  keepsElements: true,
  keys: [keyAt(1, "RO access"), keyAt(2, "OW update")],
  run({ database, keyspace }, args, reply) {
    const { target, replace } = readOptions(keyspace, database, args);
    if (target === database && Buffer.compare(args.view(1), args.view(2)) === 0) {
      throw new CommandError(errors.sameObject);
    }
    const address = database.read(args, 1);
    if (address === 0) {
      reply.integer(0);
      return;
    }
    const existing = target.write(args, 2);
    if (existing !== 0) {
      if (!replace) {
        reply.integer(0);
        return;
      }
      target.remove(existing);
    }
    database.copyValue(address, target, args.buffer, args.start(2), args.end(2));
    target.changed(args, 2, "copy_to");
    reply.integer(1);
  },
});

function readOptions(keyspace: Keyspace, database: Database, args: Arguments): { target: Database; replace: boolean } {
  let target = database;
  let replace = false;
  const options = new OptionReader(args, 3);
  while (options.next()) {
    if (options.is("replace")) replace = true;
    else if (options.is("db", 1)) target = readDatabase(keyspace, args, options.value());
    else options.refuse();
  }
  return { target, replace };
}
