import { type Database, keepExpiry } from "../keyspace/database.ts";
import type { Address } from "../memory/heap.ts";
import * as record from "../memory/record.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { CommandError } from "../protocol/command-error.ts";
import { CorruptHyperLogLogError, HyperLogLog, isHyperLogLog } from "../values/hyperloglog/hyperloglog.ts";

const read = new HyperLogLog();
const written = new HyperLogLog();

/** The HyperLogLog at an address, as a view. Throws when the string there is not a HyperLogLog. */
function viewAt({ keyspace }: Database, address: Address, into: HyperLogLog): HyperLogLog {
  const { heap } = keyspace;
  const bytes = record.bytesOf(heap, address);
  const start = record.valueStartOf(heap, address);
  const end = start + record.valueLengthOf(heap, address);
  // An integer is shorter than a header.
  if (record.encodingOf(heap, address) === record.encoding.integer || !isHyperLogLog(bytes, start, end)) {
    throw new CommandError("WRONGTYPE Key is not a valid HyperLogLog string value.");
  }
  return into.view(bytes, start, end);
}

/**
 * The HyperLogLog at a key, for a command that reads. The object is shared, and valid until the next call and until the
 * key changes. Throws WRONGTYPE, also for other strings.
 */
export function readHyperLogLog(database: Database, args: Arguments, index: number): HyperLogLog | undefined {
  const address = database.readTyped(args, index, record.valueType.string);
  return address === 0 ? undefined : viewAt(database, address, read);
}

/** As `readHyperLogLog`, but the string's encoding becomes "raw", as PFCOUNT of a single key leaves it. */
export function readRawHyperLogLog(database: Database, args: Arguments, index: number): HyperLogLog | undefined {
  const address = database.readTyped(args, index, record.valueType.string);
  if (address === 0) return undefined;
  const value = viewAt(database, address, read);
  record.setKind(database.keyspace.heap, address, record.valueType.string, record.encoding.raw);
  return value;
}

/** To be called before the stored cardinality is changed where it is, by a command that reads. */
export function preserveHyperLogLog(database: Database, args: Arguments, index: number): void {
  database.preserve(database.find(args.buffer, args.start(index), args.end(index)));
}

/**
 * As `readHyperLogLog`, for a command that writes: the string's encoding becomes "raw", even if nothing is written. A
 * dense HyperLogLog is changed in its place, a sparse one becomes a copy: `storeHyperLogLog` writes what has to be
 * written.
 */
export function findHyperLogLog(database: Database, args: Arguments, index: number): HyperLogLog | undefined {
  const { heap } = database.keyspace;
  const address = database.writeTyped(args, index, record.valueType.string);
  if (address === 0) return undefined;
  const value = viewAt(database, address, written);
  record.setKind(heap, address, record.valueType.string, record.encoding.raw);
  return value;
}

/** A HyperLogLog without elements, for a key that is missing. It is the object of `findHyperLogLog`. */
export const newHyperLogLog = (): HyperLogLog => written.clear();

/**
 * Stores a HyperLogLog of `findHyperLogLog` or `newHyperLogLog` at its key, which keeps its expiry. The caller notifies
 * of the change.
 */
export function storeHyperLogLog(database: Database, args: Arguments, index: number, value: HyperLogLog): void {
  if (!value.isCopy) return;
  const [start, end] = [args.start(index), args.end(index)];
  database.setString(args.buffer, start, end, value.bytes, value.start, value.end, record.encoding.raw, keepExpiry);
}

export const corruptRegisters = (): CommandError => new CommandError("INVALIDOBJ Corrupted HLL object detected");

/** Turns the error for corrupt registers into a reply. */
export function withRegisters<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof CorruptHyperLogLogError) throw corruptRegisters();
    throw error;
  }
}
