import { mixBlocks, mixedHash } from "./murmur-blocks.ts";

/**
 * MurmurHash2 of 64 bits (Austin Appleby's MurmurHash64A), which HyperLogLogs use: with another hash, ours and Redis's
 * could not be merged. It works on words of 32 bits, because bigints are some thirty times slower, and on products of
 * 16 bits, which engines compute with machine integers.
 */
const multiplierLow = 0x5bd1e995;
const multiplierHigh = 0xc6a4a793 | 0;
const lowHalf = multiplierLow & 0xffff;
const highHalf = multiplierLow >>> 16;
/** From this length on the kernel is faster. */
const longBytes = 96;

/** The words of the last hash, signed. */
export let hashLow = 0;
export let hashHigh = 0;

/** The upper word of the product of a word and `multiplierLow`, both without sign. */
function upperProduct(word: number): number {
  const low = word & 0xffff;
  const high = word >>> 16;
  const middle = Math.imul(high, lowHalf) + (Math.imul(low, lowHalf) >>> 16);
  const second = Math.imul(low, highHalf) + (middle & 0xffff);
  return (Math.imul(high, highHalf) + (middle >>> 16) + (second >>> 16)) | 0;
}

/** The upper word of the product of a number of two words and the multiplier. */
const productHigh = (low: number, high: number): number =>
  (upperProduct(low) + Math.imul(low, multiplierHigh) + Math.imul(high, multiplierLow)) | 0;

/** Hashes bytes[start, end), fewer than 2^31, into `hashLow` and `hashHigh`. */
export function murmurHash(bytes: Uint8Array, start: number, end: number, seed: number): void {
  const length = end - start;
  // A length has one word.
  let sumHigh = (upperProduct(length) + Math.imul(length, multiplierHigh)) | 0;
  let sumLow = Math.imul(length, multiplierLow) ^ seed;
  let at = start;
  if (length >= longBytes) {
    at = end - (length & 7);
    mixedHash[0] = sumLow;
    mixedHash[1] = sumHigh;
    mixBlocks(bytes, start, at);
    sumLow = mixedHash[0];
    sumHigh = mixedHash[1];
  }
  for (; at + 8 <= end; at += 8) {
    let low = wordAt(bytes, at);
    let high = productHigh(low, wordAt(bytes, at + 4));
    low = Math.imul(low, multiplierLow);
    // x ^= x >> 47
    low ^= high >>> 15;
    high = productHigh(low, high);
    low = Math.imul(low, multiplierLow) ^ sumLow;
    sumHigh = productHigh(low, high ^ sumHigh);
    sumLow = Math.imul(low, multiplierLow);
  }
  if (at < end) {
    for (let shift = 0; at < end; at++, shift += 8) {
      if (shift < 32) sumLow ^= (bytes[at] as number) << shift;
      else sumHigh ^= (bytes[at] as number) << (shift - 32);
    }
    sumHigh = productHigh(sumLow, sumHigh);
    sumLow = Math.imul(sumLow, multiplierLow);
  }
  sumLow ^= sumHigh >>> 15;
  hashHigh = productHigh(sumLow, sumHigh);
  sumLow = Math.imul(sumLow, multiplierLow);
  hashLow = sumLow ^ (hashHigh >>> 15);
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);
