import { type Database, keepExpiry } from "../keyspace/database.ts";
import type { Address } from "../memory/heap.ts";
import * as record from "../memory/record.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { CommandError } from "../protocol/command-error.ts";
import { CorruptHyperLogLogError, HyperLogLog, isHyperLogLog } from "../values/hyperloglog/hyperloglog.ts";

/** The HyperLogLog at an address. Throws when the string there is not a HyperLogLog. */
function valueAt({ keyspace }: Database, address: Address): HyperLogLog {
  const { heap } = keyspace;
  const bytes = record.bytesOf(heap, address);
  const start = record.valueStartOf(heap, address);
  const end = start + record.valueLengthOf(heap, address);
  // An integer is shorter than a header.
  if (record.encodingOf(heap, address) === record.encoding.integer || !isHyperLogLog(bytes, start, end)) {
    throw new CommandError("WRONGTYPE Key is not a valid HyperLogLog string value.");
  }
  return HyperLogLog.from(bytes, start, end);
}

/** A copy of the HyperLogLog at a key, for a command that reads. Throws WRONGTYPE, also for other strings. */
export function readHyperLogLog(database: Database, args: Arguments, index: number): HyperLogLog | undefined {
  const address = database.readTyped(args, index, record.valueType.string);
  return address === 0 ? undefined : valueAt(database, address);
}

/** As `readHyperLogLog`, for a command that writes: the string's encoding becomes "raw", even if nothing is written. */
export function findHyperLogLog(database: Database, args: Arguments, index: number): HyperLogLog | undefined {
  const { heap } = database.keyspace;
  const address = database.writeTyped(args, index, record.valueType.string);
  if (address === 0) return undefined;
  const value = valueAt(database, address);
  record.setKind(heap, address, record.valueType.string, record.encoding.raw);
  return value;
}

/** Stores a HyperLogLog at a key, which keeps its expiry. The caller notifies of the change. */
export function storeHyperLogLog(database: Database, args: Arguments, index: number, value: HyperLogLog): void {
  const { bytes, length } = value;
  const [start, end] = [args.start(index), args.end(index)];
  database.setString(args.buffer, start, end, bytes, 0, length, record.encoding.raw, keepExpiry);
}

/** Turns the error for corrupt registers into a reply. */
export function withRegisters<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof CorruptHyperLogLogError) {
      throw new CommandError("INVALIDOBJ Corrupted HLL object detected");
    }
    throw error;
  }
}
