import type { Database } from "../keyspace/database.ts";
import type { Address } from "../memory/heap.ts";
import * as record from "../memory/record.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { elementBytes } from "../values/packed-element.ts";
import { createPacked } from "./create-packed.ts";
import { HashValue } from "./hash-value.ts";

const shared = new HashValue();

/** The hash at an address, without its expired fields; undefined when all fields have expired. */
function living(database: Database, address: Address): HashValue | undefined {
  const hash = shared.attach(database, address);
  return !hash.isTimed || (hash.expireDue() && hash.size > 0) ? hash : undefined;
}

/** The hash at the key of argument 1, for a command that reads; undefined when the key is missing. Throws WRONGTYPE. */
export function readHash(database: Database, args: Arguments): HashValue | undefined {
  const address = database.readTyped(args, 1, record.valueType.hash);
  return address === 0 ? undefined : living(database, address);
}

/** As `readHash`, for a command that writes. */
export function findHash(database: Database, args: Arguments): HashValue | undefined {
  const address = database.writeTyped(args, 1, record.valueType.hash);
  return address === 0 ? undefined : living(database, address);
}

/**
 * As `findHash`, but creates a missing hash; then the caller must set a field. `expectedBytes` is the size that the
 * packed fields and values will have.
 */
export function openHash(
  database: Database,
  args: Arguments,
  expectedBytes = 0,
  found = database.writeTyped(args, 1, record.valueType.hash),
): HashValue {
  if (found !== 0) {
    const hash = shared.attach(database, found);
    if (!hash.isTimed || hash.expireDue()) return hash;
  }
  return shared.attach(database, createPacked(database, args, 1, record.valueType.hash, expectedBytes));
}

/** Bytes of the arguments from `from` on in a packed list. */
export function packedBytes(args: Arguments, from: number): number {
  let total = 0;
  for (let index = from; index < args.count; index++) {
    total += elementBytes(args.buffer, args.start(index), args.end(index));
  }
  return total;
}
