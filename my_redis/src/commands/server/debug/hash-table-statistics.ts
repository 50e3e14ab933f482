import * as record from "../../../memory/record.ts";
import type { RecordIndex } from "../../../memory/record-index.ts";
import { RecordTable } from "../../../memory/record-table.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";
import { SortedSet } from "../../../values/sorted-set/sorted-set.ts";
import type { DebugSubcommand } from "./debug-subcommand.ts";

/** A table with open addressing has no chains to report. While it is resized, both tables count as one. */
type Statistics = Pick<RecordIndex, "capacity" | "size" | "resizing">;

function describe({ capacity, size, resizing }: Statistics): string {
  const heading = `Hash table 0 stats (${resizing ? "being resized" : "main hash table"}):\n`;
  if (size === 0) return `${heading}No stats available for empty dictionaries\n`;
  return `${heading} table size: ${capacity}\n number of elements: ${size}\n`;
}

export const debugHtstats: DebugSubcommand = {
  name: "HTSTATS",
  usage: "<dbid>",
  summary: "Describes the hash tables of a database: of its keys, and of the keys that expire.",
  counts: [3, 3],
  run({ keyspace }, args, reply) {
    const number = args.integer(2);
    const database = keyspace.databases[number];
    if (database === undefined) throw new CommandError("ERR Out of range database");
    reply.verbatim("txt", `[Dictionary HT]\n${describe(database.keys)}[Expires HT]\n${describe(database.expires)}`);
  },
};

export const debugHtstatsKey: DebugSubcommand = {
  name: "HTSTATS-KEY",
  usage: "<key>",
  summary: "Does the same as HTSTATS, for the hash table of a key's value.",
  counts: [3, 3],
  run({ database, keyspace }, args, reply) {
    const address = database.find(args.buffer, args.start(2), args.end(2));
    if (address === 0) throw new CommandError(errors.noSuchKey);
    const isObject = record.encodingOf(keyspace.heap, address) === record.encoding.object;
    const value = isObject ? database.objectOf(address) : undefined;
    const table = value instanceof SortedSet ? value.table : value;
    if (!(table instanceof RecordTable)) {
      throw new CommandError("ERR The value stored at the specified key is not represented using an hash table");
    }
    reply.verbatim("txt", describe(table));
  },
};
