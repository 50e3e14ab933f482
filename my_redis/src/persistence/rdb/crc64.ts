/**
 * The checksum of RDB files and DUMP payloads: CRC-64 with the polynomial that David Jones published
 * (0xad93d23594c935a9), bits taken from the lowest, start value 0, result as it is.
 */
const polynomialHigh = 0x95ac9329;
const polynomialLow = 0xac4bc9b5;
const tableHigh = new Int32Array(256);
const tableLow = new Int32Array(256);

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

/** A running checksum. */
export class Crc64 {
  #high = 0;
  #low = 0;

  update(bytes: Uint8Array, start: number, end: number): this {
    let high = this.#high;
    let low = this.#low;
    for (let at = start; at < end; at++) {
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
