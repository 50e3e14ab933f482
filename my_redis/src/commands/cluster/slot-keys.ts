import { slotCount } from "hash-ring";
import { hashSlot } from "../../cluster/hash-slot.ts";
import { command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import * as record from "../../memory/record.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { joinedCluster } from "./joined-cluster.ts";

const facts = { group: "cluster", flags: ["stale"] } as const;

export const clusterKeyslot = command({
  ...facts,
  name: "CLUSTER KEYSLOT",
  since: "3.0.0",
  complexity: "O(N) where N is the number of bytes in the key",
  summary: "Returns the hash slot of a key.",
  syntax: "key:string",
  run(context, args, reply) {
    joinedCluster(context);
    reply.integer(hashSlot(args.buffer, args.start(2), args.end(2)));
  },
});

export const clusterCountkeysinslot = command({
  ...facts,
  name: "CLUSTER COUNTKEYSINSLOT",
  readsKeyspace: true,
  since: "3.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Counts the keys of a hash slot on this node, by walking the whole database.",
  syntax: "slot:integer",
  run(context, args, reply) {
    joinedCluster(context);
    const slot = args.integer(2);
    if (slot < 0 || slot >= slotCount) throw new CommandError("ERR Invalid slot");
    let count = 0;
    forEachKeyIn(context, slot, () => count++ >= 0);
    reply.integer(count);
  },
});

export const clusterGetkeysinslot = command({
  ...facts,
  name: "CLUSTER GETKEYSINSLOT",
  readsKeyspace: true,
  since: "3.0.0",
  complexity: "O(log(N)) where N is the number of requested keys",
  summary: "Lists keys of a hash slot on this node, by walking the whole database.",
  syntax: "slot:integer count",
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    joinedCluster(context);
    const slot = args.integer(2);
    const limit = args.integer(3);
    if (slot < 0 || slot >= slotCount || limit < 0) throw new CommandError("ERR Invalid slot or number of keys");
    const begin = reply.beginArray();
    let count = 0;
    forEachKeyIn(context, slot, (bytes, start, end) => {
      if (count >= limit) return false;
      reply.bulk(bytes, start, end);
      count++;
      return true;
    });
    reply.endArray(begin, count);
  },
});

/** Visits the keys of a slot until `take` asks it to stop. */
function forEachKeyIn(
  { database, keyspace: { heap } }: Context,
  slot: number,
  take: (bytes: Uint8Array, start: number, end: number) => boolean,
): void {
  let more = true;
  database.keys.forEach((address) => {
    if (!more) return;
    const bytes = record.bytesOf(heap, address);
    const start = record.keyStartOf(heap, address);
    const end = start + record.keyLengthOf(heap, address);
    if (hashSlot(bytes, start, end) === slot) more = take(bytes, start, end);
  });
}
