/** Bits in bytes, numbered as Redis numbers them: bit 0 is the highest of the first byte. */

/** Counts the ones in bytes[start, end). */
export function countOnes(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  let at = start;
  for (; at < end && ((bytes.byteOffset + at) & 3) !== 0; at++) count += onesIn(bytes[at] as number);
  const wordCount = (end - at) >> 2;
  if (wordCount > 0) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, wordCount);
    for (let index = 0; index < wordCount; index++) count += onesIn(words[index] as number);
    at += wordCount * 4;
  }
  for (; at < end; at++) count += onesIn(bytes[at] as number);
  return count;
}

/** The number of ones in a word of 32 bits: neighbours are added in ever larger groups. */
function onesIn(word: number): number {
  let sums = word - ((word >>> 1) & 0x55555555);
  sums = (sums & 0x33333333) + ((sums >>> 2) & 0x33333333);
  return Math.imul((sums + (sums >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Counts the ones among the bits [first, end) of the bytes from `start` on. */
export function countOnesOfBits(bytes: Uint8Array, start: number, first: number, end: number): number {
  if (first >= end) return 0;
  const firstByte = start + Math.floor(first / 8);
  const lastByte = start + Math.floor((end - 1) / 8);
  // The ones of all bytes, without those before the first bit and after the last.
  const before = (bytes[firstByte] as number) & ~(0xff >> (first & 7));
  const after = (bytes[lastByte] as number) & (0x7f >> ((end - 1) & 7));
  return countOnes(bytes, firstByte, lastByte + 1) - onesIn(before) - onesIn(after);
}

/** The number of the first bit with this value among the bits [first, end) of the bytes from `start` on, or -1. */
export function findBit(bytes: Uint8Array, start: number, first: number, end: number, bit: 0 | 1): number {
  // With all bits inverted, a search for a zero is one for a one.
  const flip = bit === 1 ? 0 : 0xff;
  let at = first;
  while (at < end) {
    const byte = ((bytes[start + Math.floor(at / 8)] as number) ^ flip) & (0xff >> (at & 7));
    if (byte !== 0) {
      const found = at - (at & 7) + Math.clz32(byte) - 24;
      return found < end ? found : -1;
    }
    at += 8 - (at & 7);
  }
  return -1;
}

/** `width` bits from bit `offset` on, of the bytes from `start` to `end`. Beyond the end all bits are zero. */
export function readField(bytes: Uint8Array, start: number, end: number, offset: number, width: number): bigint {
  let value = 0n;
  const firstByte = Math.floor(offset / 8);
  const lastByte = Math.floor((offset + width - 1) / 8);
  for (let at = firstByte; at <= lastByte; at++) {
    value = (value << 8n) | BigInt(start + at < end ? (bytes[start + at] as number) : 0);
  }
  const behind = (lastByte + 1) * 8 - (offset + width);
  return BigInt.asUintN(width, value >> BigInt(behind));
}

/** Writes the lowest `width` bits of `value` from bit `offset` on. The bytes must include all of these bits. */
export function writeField(bytes: Uint8Array, start: number, offset: number, width: number, value: bigint): void {
  for (let index = 0; index < width; index++) {
    const place = offset + index;
    const at = start + Math.floor(place / 8);
    const mask = 0x80 >> (place & 7);
    const one = (value >> BigInt(width - 1 - index)) & 1n;
    bytes[at] = one === 1n ? (bytes[at] as number) | mask : (bytes[at] as number) & ~mask;
  }
}
