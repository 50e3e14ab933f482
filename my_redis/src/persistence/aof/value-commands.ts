import type { LogWord } from "../../dispatch/log-target.ts";
import type { Address, Heap } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import type { RecordTable } from "../../memory/record-table.ts";

export interface TableCommandsOptions {
  readonly heap: Heap;
  readonly command: "SADD" | "HSET";
  readonly key: Uint8Array;
  /** A command is ended when it has so many words besides its name and the key. */
  readonly words: number;
  /** The words are valid only during the call. */
  readonly append: (words: readonly LogWord[]) => void;
}

/**
 * The elements of a large set or hash as commands, some of them in each step. No elements may be added before the end. Those that
 * are removed meanwhile may have been given already.
 */
export function* tableCommands(
  table: RecordTable,
  { append, command, heap, key, words: most }: TableCommandsOptions,
): Generator<void, void> {
  let words: LogWord[] = [];
  /** Fields by the moments at which they expire. */
  const timed = new Map<number, LogWord[]>();
  let cursor = 0;
  do {
    cursor = table.scan(cursor, (entry) => {
      words.push(nameOf(heap, entry));
      if (command === "HSET") words.push(valueOf(heap, entry));
      const timeMs = table.timeOf(entry);
      if (timeMs === 0) return;
      const fields = timed.get(timeMs);
      if (fields === undefined) timed.set(timeMs, [nameOf(heap, entry)]);
      else fields.push(nameOf(heap, entry));
    });
    if (cursor !== 0 && words.length < most) continue;
    if (words.length > 0) append([command, key, ...words]);
    for (const [timeMs, fields] of timed) append(["HPEXPIREAT", key, timeMs, "FIELDS", fields.length, ...fields]);
    words = [];
    timed.clear();
    yield;
  } while (cursor !== 0);
}

/** A string as a command. `expiryMs`: a moment, or less than 0. The words are valid until the heap changes. */
export function stringCommand(heap: Heap, address: Address, expiryMs: number): readonly LogWord[] {
  const key = nameOf(heap, address);
  const isInteger = record.encodingOf(heap, address) === record.encoding.integer;
  const text = isInteger ? integerOf(heap, address) : valueOf(heap, address);
  return expiryMs < 0 ? ["SET", key, text] : ["SET", key, text, "PXAT", expiryMs];
}

/** The value of a string that is stored as an integer. */
export function integerOf(heap: Heap, address: Address): bigint {
  const value = valueOf(heap, address);
  return new DataView(value.buffer, value.byteOffset, 8).getBigInt64(0, true);
}

/** The key of a record, or the name of an element. Valid until the heap changes. */
export function nameOf(heap: Heap, entry: Address): Uint8Array {
  const start = record.keyStartOf(heap, entry);
  return record.bytesOf(heap, entry).subarray(start, start + record.keyLengthOf(heap, entry));
}

/** Valid until the heap changes. */
export function valueOf(heap: Heap, entry: Address): Uint8Array {
  const start = record.valueStartOf(heap, entry);
  return record.bytesOf(heap, entry).subarray(start, start + record.valueLengthOf(heap, entry));
}
