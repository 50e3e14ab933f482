import type { Keyspace } from "../keyspace/keyspace.ts";

/**
 * Whether a database holds a key, named with one character per byte. An expired key that is not deleted yet counts as
 * existing. Looking it up changes nothing: no access time, no statistics, no deletion.
 */
export function keyExists(keyspace: Keyspace, database: number, name: string): boolean {
  const key = Buffer.from(name, "latin1");
  const hash = keyspace.hasher.hash(key, 0, key.length);
  return keyspace.database(database).keys.find(hash, key, 0, key.length) !== 0;
}
