/**
 * MurmurHash2 of 64 bits (Austin Appleby's MurmurHash64A), which HyperLogLogs use: with another hash, ours and Redis's
 * could not be merged. It works on words of 32 bits, because bigints are some thirty times slower.
 */
const multiplierLow = 0x5bd1e995;
const multiplierHigh = 0xc6a4a793 | 0;
const twoTo32 = 4294967296;

/** The words of the last hash, signed. */
export let hashLow = 0;
export let hashHigh = 0;

// The word that is being multiplied.
let low = 0;
let high = 0;

export function murmurHash(bytes: Uint8Array, start: number, end: number, seed: number): void {
  const length = end - start;
  low = length | 0;
  high = Math.floor(length / twoTo32);
  multiply();
  let [sumLow, sumHigh] = [low ^ seed, high];
  let at = start;
  for (; at + 8 <= end; at += 8) {
    low = wordAt(bytes, at);
    high = wordAt(bytes, at + 4);
    multiply();
    shiftMix();
    multiply();
    low ^= sumLow;
    high ^= sumHigh;
    multiply();
    sumLow = low;
    sumHigh = high;
  }
  low = sumLow;
  high = sumHigh;
  if (at < end) {
    for (let shift = 0; at < end; at++, shift += 8) {
      if (shift < 32) low ^= (bytes[at] as number) << shift;
      else high ^= (bytes[at] as number) << (shift - 32);
    }
    multiply();
  }
  shiftMix();
  multiply();
  shiftMix();
  hashLow = low;
  hashHigh = high;
}

/** x ^= x >> 47. */
function shiftMix(): void {
  low ^= high >>> 15;
}

/** The lower 64 bits of the product with the multiplier. */
function multiply(): void {
  const [lowHalf, highHalf] = [low & 0xffff, low >>> 16];
  const [otherLow, otherHigh] = [multiplierLow & 0xffff, multiplierLow >>> 16];
  // The upper word of low * multiplierLow, from products of 16 bits.
  const middle = highHalf * otherLow + ((lowHalf * otherLow) >>> 16);
  const second = lowHalf * otherHigh + (middle % 65536);
  const carried = highHalf * otherHigh + Math.floor(middle / 65536) + Math.floor(second / 65536);
  high = (carried + Math.imul(low, multiplierHigh) + Math.imul(high, multiplierLow)) | 0;
  low = Math.imul(low, multiplierLow);
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);
