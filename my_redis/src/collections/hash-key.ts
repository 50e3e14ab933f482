import type { Context } from "../dispatch/context.ts";
import type { Database } from "../keyspace/database.ts";
import type { Address } from "../memory/heap.ts";
import * as record from "../memory/record.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { SettingValues } from "../settings/settings.ts";
import { elementBytes } from "../values/packed-element.ts";
import * as list from "../values/packed-list.ts";
import { HashValue } from "./hash-value.ts";

const shared = new HashValue();

/** The hash at a key, without the fields whose time is over; undefined when there is no other field. */
function living(database: Database, settings: SettingValues, address: Address): HashValue | undefined {
  const hash = shared.attach(database, settings, address);
  return !hash.isTimed || (hash.expireDue() && hash.size > 0) ? hash : undefined;
}

/** The hash at the key that argument 1 names, for a command that reads; undefined when there is none. Throws WRONGTYPE. */
export function readHash({ database, server }: Context, args: Arguments): HashValue | undefined {
  const address = database.readTyped(args, 1, record.valueType.hash);
  return address === 0 ? undefined : living(database, server.settings.values, address);
}

/** As `readHash`, for a command that writes. */
export function findHash({ database, server }: Context, args: Arguments): HashValue | undefined {
  const address = database.writeTyped(args, 1, record.valueType.hash);
  return address === 0 ? undefined : living(database, server.settings.values, address);
}

/**
 * As `findHash`, creating the hash when there is none: the caller must set a field then. `expectedBytes` is how large
 * the packed fields and values will become.
 */
export function openHash(context: Context, args: Arguments, expectedBytes = 0): HashValue {
  const found = context.database.writeTyped(args, 1, record.valueType.hash);
  if (found !== 0) {
    const hash = shared.attach(context.database, context.server.settings.values, found);
    if (!hash.isTimed || hash.expireDue()) return hash;
  }
  const { database, keyspace, server } = context;
  const address = database.create(args.buffer, args.start(1), args.end(1), {
    type: record.valueType.hash,
    encoding: record.encoding.packed,
    valueLength: list.listHeaderBytes + expectedBytes,
  });
  record.setValueLength(keyspace.heap, address, list.listHeaderBytes);
  list.clearList(record.bytesOf(keyspace.heap, address), record.valueStartOf(keyspace.heap, address));
  return shared.attach(database, server.settings.values, address);
}

/** Bytes that arguments take in a packed list. */
export function packedBytes(args: Arguments, from: number): number {
  let total = 0;
  for (let index = from; index < args.count; index++) {
    total += elementBytes(args.buffer, args.start(index), args.end(index));
  }
  return total;
}
