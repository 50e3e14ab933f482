import type { ByteRange } from "../../memory/byte-range.ts";
import { ListpackReader } from "./listpack.ts";
import { EmptyCollectionError, RdbFormatError, repeated } from "./rdb-format-error.ts";
import type { RdbReader } from "./rdb-reader.ts";
import type { ValueVisitor } from "../../collections/value-visitor.ts";

/** The latest time that a field can have, Unix milliseconds. */
const latestMs = 2 ** 46 - 1;
/** Time, name and value take at least a byte each. */
const leastFieldBytes = 3;

function checkedTime(timeMs: number): number {
  if (timeMs < 0 || timeMs > latestMs) throw new RdbFormatError(`the time ${timeMs} of a field, beyond ${latestMs}`);
  return timeMs;
}

function takeField(visitor: ValueVisitor, name: ByteRange, value: ByteRange, timeMs: number): void {
  if (!visitor.field(name, value, timeMs)) throw repeated("field");
}

/** A hash whose fields have times. The times are absolute, or relative to the earliest one, which comes first. */
export function decodeHashTimes(reader: RdbReader, visitor: ValueVisitor, fromEarliest: boolean): void {
  // Differences are one too high, because 0 stands for a field without a time.
  const baseMs = fromEarliest ? reader.milliseconds() - 1 : 0;
  const count = reader.countOf(leastFieldBytes);
  if (count === 0) throw new EmptyCollectionError("hash");
  visitor.begin("hash", count);
  for (let left = count; left > 0; left--) {
    const time = reader.count();
    const name = reader.string();
    takeField(visitor, name, reader.string(), time === 0 ? 0 : checkedTime(baseMs + time));
  }
}

/** A packed hash of fields, values and times in turn. */
export function decodeHashListpackTimes(reader: RdbReader, visitor: ValueVisitor, hasEarliest: boolean): void {
  if (hasEarliest) reader.milliseconds();
  const list = new ListpackReader(reader.string());
  let name = list.next();
  if (name === undefined) throw new EmptyCollectionError("hash");
  visitor.begin("hash", 0);
  for (; name !== undefined; name = list.next()) {
    const value = list.require();
    takeField(visitor, name, value, checkedTime(list.requireInteger()));
  }
}
