/** A frame begins with its length: the number of bytes that follow, in four bytes. */
export const lengthBytes = 4;

/** Writes 0 to 4,294,967,295 in four bytes, big endian as is usual in networks. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Reads what `writeUint32` wrote. This is faster than a DataView, which would have to be created for each chunk. */
export const readUint32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0;
