import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { type Count64, count64 } from "../../values/stream/count-64.ts";
import { readStreamId } from "./stream-id-argument.ts";
import { findStream } from "../../collections/stream-value.ts";
import { OptionReader } from "../options/option-reader.ts";

interface PositionOptions {
  readonly entriesAdded: Count64 | undefined;
  /** Zero when not given. */
  readonly maxDeleted: StreamId;
}

function readOptions(args: Arguments, id: StreamId): PositionOptions {
  let entriesAdded: Count64 | undefined;
  const maxDeleted = new StreamId().setLowest();
  const options = new OptionReader(args, 3);
  while (options.next()) {
    if (options.is("entriesadded", 1)) {
      entriesAdded = count64(args.int64(options.value()));
      if (entriesAdded < 0) throw new CommandError("ERR entries_added must be positive");
    } else if (options.is("maxdeletedid", 1)) {
      readStreamId(args, options.value(), maxDeleted);
      if (id.compare(maxDeleted) < 0) {
        throw new CommandError("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
      }
    } else {
      options.refuse();
    }
  }
  return { entriesAdded, maxDeleted };
}

/** Checks that the given counts and ids are consistent with the stream's entries. */
function check(stream: Stream, id: StreamId, entriesAdded: Count64 | undefined): void {
  if (id.compare(stream.maxDeletedId) < 0) {
    throw new CommandError("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
  }
  if (stream.length === 0) return;
  const last = new StreamId();
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
  summary: "Sets the last id of a stream and its counters of added and deleted entries, for replication.",
  syntax: "key last-id [ENTRIESADDED=entries-added:integer] [MAXDELETEDID=max-deleted-id]",
  flags: ["write", "denyoom", "fast"],
  keys: keyAt(1, "RW update"),
  run({ database }, args, reply) {
    const id = new StreamId();
    readStreamId(args, 2, id);
    const { entriesAdded, maxDeleted } = readOptions(args, id);
    const stream = findStream(database, args, 1);
    if (stream === undefined) throw new CommandError(errors.noSuchKey);
    check(stream, id, entriesAdded);
    stream.lastId.copy(id);
    if (entriesAdded !== undefined) stream.entriesAdded = entriesAdded;
    if (!maxDeleted.isZero) stream.maxDeletedId.copy(maxDeleted);
    database.changed(args, 1, "xsetid");
    reply.ok();
  },
});
