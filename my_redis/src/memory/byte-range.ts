/** bytes[start, end), which somebody else owns. */
export interface ByteRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** The range of a whole array. */
export const wholeRange = (bytes: Uint8Array): ByteRange => ({ bytes, start: 0, end: bytes.length });

/** A number as the text that stands for it. */
export const digitsOf = (value: number | bigint): ByteRange => wholeRange(Buffer.from(value.toString(), "latin1"));

/** The range as a string of one character per byte. */
export const latin1Of = ({ bytes, start, end }: ByteRange): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
