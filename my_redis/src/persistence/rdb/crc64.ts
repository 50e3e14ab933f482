/**
 * The checksum of RDB files and DUMP payloads: CRC-64 with the polynomial that David Jones published
 * (0xad93d23594c935a9), lowest bit first, start value 0, result not inverted.
 */
const polynomialHigh = 0x95ac9329;
const polynomialLow = 0xac4bc9b5;
/** Bytes that are processed at once. */
const stride = 8;
/**
 * The effect of each byte on the checksum: table 0 for the last of the eight bytes that are processed at once, table 7
 * for the first (the "slicing-by-8" of Kounavis and Berry).
 */
const tableHigh = new Int32Array(256 * stride);
const tableLow = new Int32Array(256 * stride);

for (let byte = 0; byte < 256; byte++) {
  let high = 0;
  let low = byte;
  for (let bit = 0; bit < 8; bit++) {
    const carry = low & 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (carry === 1) {
      high ^= polynomialHigh;
      low ^= polynomialLow;
    }
  }
  tableHigh[byte] = high;
  tableLow[byte] = low;
}
for (let at = 256; at < 256 * stride; at++) {
  const high = tableHigh[at - 256] as number;
  const low = tableLow[at - 256] as number;
  tableHigh[at] = (high >>> 8) ^ (tableHigh[low & 255] as number);
  tableLow[at] = ((low >>> 8) | (high << 24)) ^ (tableLow[low & 255] as number);
}

/** A running checksum. */
export class Crc64 {
  #high = 0;
  #low = 0;

  update(bytes: Uint8Array, start: number, end: number): this {
    let high = this.#high;
    let low = this.#low;
    let at = start;
    for (; at + stride <= end; at += stride) {
      const first = low ^ wordAt(bytes, at);
      const second = high ^ wordAt(bytes, at + 4);
      const a = 0x700 | (first & 255);
      const b = 0x600 | ((first >>> 8) & 255);
      const c = 0x500 | ((first >>> 16) & 255);
      const d = 0x400 | (first >>> 24);
      const e = 0x300 | (second & 255);
      const f = 0x200 | ((second >>> 8) & 255);
      const g = 0x100 | ((second >>> 16) & 255);
      const h = second >>> 24;
      low = mix(tableLow, a, b, c, d) ^ mix(tableLow, e, f, g, h);
      high = mix(tableHigh, a, b, c, d) ^ mix(tableHigh, e, f, g, h);
    }
    for (; at < end; at++) {
      const entry = (low ^ (bytes[at] as number)) & 255;
      low = ((low >>> 8) | (high << 24)) ^ (tableLow[entry] as number);
      high = (high >>> 8) ^ (tableHigh[entry] as number);
    }
    this.#high = high;
    this.#low = low;
    return this;
  }

  /** Writes the eight bytes of the checksum, lowest first. */
  write(target: Uint8Array, at: number): void {
    for (let byte = 0; byte < 4; byte++) {
      target[at + byte] = this.#low >>> (byte * 8);
      target[at + 4 + byte] = this.#high >>> (byte * 8);
    }
  }
}

/** Four bytes, lowest first. */
const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

const mix = (table: Int32Array, a: number, b: number, c: number, d: number): number =>
  (table[a] as number) ^ (table[b] as number) ^ (table[c] as number) ^ (table[d] as number);
