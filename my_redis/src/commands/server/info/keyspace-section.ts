import type { Database } from "../../../keyspace/database.ts";
import * as record from "../../../memory/record.ts";
import type { Services } from "../../../dispatch/context.ts";
import type { InfoLine, InfoSection } from "./section.ts";

/** Keys with an expiry that are sampled to estimate the mean time to live. */
const ttlSamples = 20;

export const keyspaceSection: InfoSection = {
  name: "keyspace",
  title: "Keyspace",
  byDefault: true,
  lines: (server) =>
    server.keyspace.databases
      .filter((database) => database.size > 0)
      .map((database): InfoLine => {
        const ttlMs = meanTtlMs(server, database);
        const hashes = database.timedHashes.size;
        // Without hashes whose fields expire, the line has the form of Redis 7.2.
        const subexpiry = hashes === 0 ? "" : `,subexpiry=${hashes}`;
        const line = `keys=${database.size},expires=${database.expires.size},avg_ttl=${ttlMs}${subexpiry}`;
        return [`db${database.number}`, line];
      }),
};

function meanTtlMs({ clock: { nowMs }, environment, keyspace }: Services, { expires }: Database): number {
  const samples = Math.min(ttlSamples, expires.size);
  if (samples === 0) return 0;
  let sumMs = 0;
  for (let count = 0; count < samples; count++) {
    sumMs += Math.max(0, record.expiryOf(keyspace.heap, expires.random(environment.random)) - nowMs);
  }
  return Math.round(sumMs / samples);
}
