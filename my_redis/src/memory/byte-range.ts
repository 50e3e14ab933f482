/** bytes[start, end) of an array that has another owner, which may overwrite it later. */
export interface ByteRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * A byte range whose owner uses the same object for every answer, so that no object is created per answer. The caller
 * must have finished with one answer before it asks for the next.
 */
export type ReusedByteRange = { -readonly [Key in keyof ByteRange]: ByteRange[Key] };

const noBytes = new Uint8Array(0);

/** A range to be reused. */
export const emptyRange = (): ReusedByteRange => ({ bytes: noBytes, start: 0, end: 0 });

/** The range of a whole array. */
export const wholeRange = (bytes: Uint8Array): ByteRange => ({ bytes, start: 0, end: bytes.length });

/** The bytes of the range, not copied. */
export const viewOf = ({ bytes, start, end }: ByteRange): Uint8Array => bytes.subarray(start, end);

/** The decimal digits of a number. */
export const digitsOf = (value: number | bigint): ByteRange => wholeRange(Buffer.from(value.toString(), "latin1"));

/** The range as a string of one character per byte. */
export const latin1Of = ({ bytes, start, end }: ByteRange): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
