import type { Context } from "../../../dispatch/context.ts";
import { DataDigest } from "./data-digest.ts";
import type { DebugSubcommand } from "./debug-subcommand.ts";
import { findEvenExpired } from "./find-even-expired.ts";
import { digestValue } from "./value-digest.ts";

/** The digest of all databases: equal when databases of the same number hold the same keys with the same values. */
export function digestOfAll(context: Pick<Context, "keyspace">): DataDigest {
  const all = new DataDigest();
  for (const database of context.keyspace.databases) {
    if (database.size === 0) continue;
    all.mixNumber(database.number);
    database.keys.forEach((address) => {
      const digest = new DataDigest();
      digest.mix(database.keyOf(address));
      digestValue(digest, database, address);
      all.add(digest.bytes);
    });
  }
  return all;
}

export const debugDigest: DebugSubcommand = {
  name: "DIGEST",
  summary: "Returns a digest of all data, computed as Redis does.",
  counts: [2, 2],
  run: (context, _args, reply) => reply.simple(digestOfAll(context).toString()),
};

export const debugDigestValue: DebugSubcommand = {
  name: "DIGEST-VALUE",
  usage: "<key> [<key> ...]",
  summary: "Returns digests of the values of these keys; zeros for a missing key.",
  counts: [2, Number.POSITIVE_INFINITY],
  run(context, args, reply) {
    reply.array(args.count - 2);
    for (let index = 2; index < args.count; index++) {
      const digest = new DataDigest();
      const address = findEvenExpired(context.database, args, index);
      if (address !== 0) digestValue(digest, context.database, address);
      reply.simple(digest.toString());
    }
  },
};
