const encoder = new TextEncoder();
const scratch = new Uint8Array(1024);

/**
 * MurmurHash3 (x86, 32 bits; Austin Appleton, public domain) of bytes, or of a string's UTF-8. It was chosen because it
 * is fixed and documented: rings must agree across processes, platforms and releases, which a runtime's own hash never
 * promises. It does not protect against keys that are made to collide.
 *
 * @returns an unsigned 32-bit integer
 */
export function murmur3(input: string | Uint8Array, seed = 0): number {
  if (typeof input !== "string") return hashBytes(input, input.length, seed);
  // A UTF-16 code unit needs at most three bytes. Only a long string needs its own buffer.
  if (input.length * 3 <= scratch.length) return hashBytes(scratch, encoder.encodeInto(input, scratch).written, seed);
  const bytes = encoder.encode(input);
  return hashBytes(bytes, bytes.length, seed);
}

function hashBytes(bytes: Uint8Array, length: number, seed: number): number {
  const wholeWords = length & ~3;
  let hash = seed | 0;
  for (let at = 0; at < wholeWords; at += 4) {
    hash ^= scramble(
      byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24),
    );
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  let tail = 0;
  for (let at = length - 1; at >= wholeWords; at--) tail = (tail << 8) | byte(bytes, at);
  if (length > wholeWords) hash ^= scramble(tail);
  return finalize(hash ^ length);
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

/**
 * Murmur3's last step: every bit of the input affects every bit of the result, and no two inputs have the same result.
 *
 * @returns an unsigned 32-bit integer
 */
export function finalize(input: number): number {
  let hash = input;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
