import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { type Count64, count64 } from "../../values/stream/count-64.ts";
import { readStreamId } from "./stream-id-argument.ts";
import { findStream } from "../../collections/stream-value.ts";

const id = new StreamId();
const last = new StreamId();
const maxDeleted = new StreamId();

/** Reads ENTRIESADDED and, into `maxDeleted`, MAXDELETEDID. */
function readOptions(args: Arguments): Count64 | undefined {
  let entriesAdded: Count64 | undefined;
  maxDeleted.setLowest();
  for (let index = 3; index < args.count; index += 2) {
    if (index + 1 >= args.count) throw new CommandError(errors.syntax);
    if (args.is(index, "entriesadded")) {
      entriesAdded = count64(args.int64(index + 1));
      if (entriesAdded < 0) throw new CommandError("ERR entries_added must be positive");
    } else if (args.is(index, "maxdeletedid")) {
      readStreamId(args, index + 1, maxDeleted);
      if (id.compare(maxDeleted) < 0) {
        throw new CommandError("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
      }
    } else {
      throw new CommandError(errors.syntax);
    }
  }
  return entriesAdded;
}

/** What was added and deleted must fit to what is there. */
function check(stream: Stream, entriesAdded: Count64 | undefined): void {
  if (id.compare(stream.maxDeletedId) < 0) {
    throw new CommandError("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
  }
  if (stream.length === 0) return;
  if (stream.findLast(last) && id.compare(last) < 0) {
    throw new CommandError("ERR The ID specified in XSETID is smaller than the target stream top item");
  }
  if (entriesAdded !== undefined && stream.length > entriesAdded) {
    throw new CommandError("ERR The entries_added specified in XSETID is smaller than the target stream length");
  }
}

export const xsetid = command({
  name: "XSETID",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Sets the last id of a stream, and what it remembers of entries added and deleted; for replication.",
  syntax: "key last-id [ENTRIESADDED=entries-added:integer] [MAXDELETEDID=max-deleted-id]",
  flags: ["write", "denyoom", "fast"],
  keys: keyAt(1, "RW update"),
  run({ database }, args, reply) {
    readStreamId(args, 2, id);
    const entriesAdded = readOptions(args);
    const stream = findStream(database, args, 1);
    if (stream === undefined) throw new CommandError(errors.noSuchKey);
    check(stream, entriesAdded);
    stream.lastId.copy(id);
    if (entriesAdded !== undefined) stream.entriesAdded = entriesAdded;
    if (!maxDeleted.isZero) stream.maxDeletedId.copy(maxDeleted);
    database.changed(args, 1, "xsetid");
    reply.ok();
  },
});
