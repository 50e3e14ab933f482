import { command } from "../../dispatch/command.ts";
import * as record from "../../memory/record.ts";

/** A replica removes no expired keys: as in redis-server, it shows one when it finds no other. */
const maxRoundsOfReplica = 100;

export const randomKey = command({
  name: "RANDOMKEY",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Gives the name of any key.",
  flags: ["readonly"],
  tips: ["request_policy:all_shards", "nondeterministic_output"],
  run(context, _args, reply) {
    const { database, keyspace, now } = context;
    const { heap, environment } = keyspace;
    for (let round = 0; ; round++) {
      const address = database.keys.random(environment.random);
      if (address === 0) {
        reply.null();
        return;
      }
      if (!database.isVisible(address)) {
        if (database.visibleSize === 0) {
          reply.null();
          return;
        }
        continue;
      }
      const mayShow = !keyspace.expires || (!keyspace.removesFound && round >= maxRoundsOfReplica);
      if (mayShow || !record.hasExpiry(heap, address) || record.expiryOf(heap, address) > now) {
        const start = record.keyStartOf(heap, address);
        reply.bulk(record.bytesOf(heap, address), start, start + record.keyLengthOf(heap, address));
        return;
      }
      if (!keyspace.removesFound) continue;
      // Each round deletes an expired key, so the loop ends at the latest when the database is empty.
      database.expire(address);
      context.partLog();
    }
  },
});
