import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { readStreamId } from "./stream-id-argument.ts";
import { findStream } from "../../collections/stream-value.ts";

const id = new StreamId();

export const xdel = command({
  name: "XDEL",
  group: "stream",
  since: "5.0.0",
  complexity: "O(N) for N ids, in a stream of any length.",
  summary: "Removes entries of a stream by their ids; returns how many existed.",
  syntax: "key id...",
  flags: ["write", "fast"],
  keys: keyAt(1, "RW delete"),
  run({ database }, args, reply) {
    const stream = findStream(database, args, 1);
    if (stream === undefined) {
      reply.integer(0);
      return;
    }
    // All ids are read first, because an invalid one must not leave half of the entries deleted.
    for (let index = 2; index < args.count; index++) readStreamId(args, index, id);
    let deleted = 0;
    for (let index = 2; index < args.count; index++) {
      readStreamId(args, index, id);
      if (stream.delete(id)) deleted++;
    }
    if (deleted > 0) database.changed(args, 1, "xdel", deleted);
    reply.integer(deleted);
  },
});
