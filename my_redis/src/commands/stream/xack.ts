import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { IdPlace } from "../../values/stream/id-map.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { readStreamId } from "./stream-id-argument.ts";
import { readStream } from "../../collections/stream-value.ts";

const id = new StreamId();
const place = new IdPlace();

export const xack = command({
  name: "XACK",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1) for each id.",
  summary: "Acknowledges entries, so that they are no longer pending in the group.",
  syntax: "key group id...",
  flags: ["write", "fast"],
  keys: keyAt(1, "RW update"),
  run({ database, keyspace }, args, reply) {
    const group = readStream(database, args, 1)?.group(args.latin1(2));
    if (group === undefined) {
      reply.integer(0);
      return;
    }
    // All ids are read first, because an invalid one must not leave half of the entries acknowledged.
    for (let index = 3; index < args.count; index++) readStreamId(args, index, id);
    let acknowledged = 0;
    for (let index = 3; index < args.count; index++) {
      readStreamId(args, index, id);
      if (group.acknowledge(id, place)) acknowledged++;
    }
    keyspace.dirty += acknowledged;
    reply.integer(acknowledged);
  },
});
