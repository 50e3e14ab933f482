// XXH3 with 64 bits and without a seed, as its specification describes it (xxHash, doc/xxhash_spec.md): the function of
// DIGEST. Bun has it; this one is for Node.

const mask = 0xffff_ffff_ffff_ffffn;
const prime32 = { one: 0x9e3779b1n, two: 0x85ebca77n, three: 0xc2b2ae3dn } as const;
const prime64 = {
  one: 0x9e3779b185ebca87n,
  two: 0xc2b2ae3d27d4eb4fn,
  three: 0x165667b19e3779f9n,
  four: 0x85ebca77c2b2ae63n,
  five: 0x27d4eb2f165667c5n,
} as const;
const mixPrimes = { one: 0x165667919e3779f9n, two: 0x9fb21c651e98df25n } as const;

/** The 192 bytes that the specification gives as the default secret. */
const secret = new DataView(
  Uint8Array.from(
    Buffer.from(
      "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248e" +
        "e03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d8a" +
        "51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8f" +
        "f8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e",
      "hex",
    ),
  ).buffer,
);
const secretBytes = 192;
const stripeBytes = 64;
/** Stripes of a block: as many as the secret has places for, eight bytes apart. */
const blockStripes = (secretBytes - stripeBytes) / 8;

const word32 = (from: DataView, at: number): bigint => BigInt(from.getUint32(at, true));
const word64 = (from: DataView, at: number): bigint => from.getBigUint64(at, true);
const secretAt = (at: number): bigint => word64(secret, at);

/** The 64-bit hash of bytes[start, end). */
export function xxh3(bytes: Uint8Array, start = 0, end = bytes.length): bigint {
  const input = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  const length = end - start;
  if (length <= 16) return ofShort(input, length);
  if (length <= 128) return ofMedium(input, length);
  return length <= 240 ? ofMediumInTwoParts(input, length) : ofLong(input, length);
}

function ofShort(input: DataView, length: number): bigint {
  if (length > 8) {
    const low = word64(input, 0) ^ secretAt(24) ^ secretAt(32);
    const high = word64(input, length - 8) ^ secretAt(40) ^ secretAt(48);
    return avalanche(BigInt(length) + swap64(low) + high + foldedProduct(low, high));
  }
  if (length >= 4) {
    const joint = word32(input, length - 4) + (word32(input, 0) << 32n);
    return spread(joint ^ secretAt(8) ^ secretAt(16), BigInt(length));
  }
  if (length === 0) return avalanche64(secretAt(56) ^ secretAt(64));
  const [first, middle, last] = [input.getUint8(0), input.getUint8(length >> 1), input.getUint8(length - 1)];
  const joint = ((first << 16) | (middle << 24) | last | (length << 8)) >>> 0;
  return avalanche64(BigInt(joint) ^ word32(secret, 0) ^ word32(secret, 4));
}

function ofMedium(input: DataView, length: number): bigint {
  let sum = BigInt(length) * prime64.one;
  for (let round = (length - 1) >> 5; round >= 0; round--) {
    sum += mix16(input, round * 16, round * 32) + mix16(input, length - (round + 1) * 16, round * 32 + 16);
  }
  return avalanche(sum);
}

function ofMediumInTwoParts(input: DataView, length: number): bigint {
  let sum = BigInt(length) * prime64.one;
  for (let round = 0; round < 8; round++) sum += mix16(input, round * 16, round * 16);
  sum = avalanche(sum);
  for (let round = 8; round < length >> 4; round++) sum += mix16(input, round * 16, (round - 8) * 16 + 3);
  return avalanche(sum + mix16(input, length - 16, 136 - 17));
}

function ofLong(input: DataView, length: number): bigint {
  const lanes = [
    prime32.three,
    prime64.one,
    prime64.two,
    prime64.three,
    prime64.four,
    prime32.two,
    prime64.five,
    prime32.one,
  ];
  const stripes = Math.floor((length - 1) / stripeBytes);
  for (let stripe = 0; stripe < stripes; stripe++) {
    const place = stripe % blockStripes;
    addStripe(lanes, input, stripe * stripeBytes, place * 8);
    if (place === blockStripes - 1) scramble(lanes);
  }
  addStripe(lanes, input, length - stripeBytes, secretBytes - stripeBytes - 7);
  let sum = BigInt(length) * prime64.one;
  for (let pair = 0; pair < 4; pair++) {
    const [one, other] = [lanes[pair * 2] as bigint, lanes[pair * 2 + 1] as bigint];
    sum += foldedProduct(one ^ secretAt(11 + pair * 16), other ^ secretAt(19 + pair * 16));
  }
  return avalanche(sum);
}

function addStripe(lanes: bigint[], input: DataView, at: number, secretPlace: number): void {
  for (let lane = 0; lane < 8; lane++) {
    const value = word64(input, at + lane * 8);
    const keyed = value ^ secretAt(secretPlace + lane * 8);
    lanes[lane ^ 1] = ((lanes[lane ^ 1] as bigint) + value) & mask;
    lanes[lane] = ((lanes[lane] as bigint) + (keyed & 0xffff_ffffn) * (keyed >> 32n)) & mask;
  }
}

function scramble(lanes: bigint[]): void {
  for (let lane = 0; lane < 8; lane++) {
    const value = lanes[lane] as bigint;
    const keyed = value ^ (value >> 47n) ^ secretAt(secretBytes - stripeBytes + lane * 8);
    lanes[lane] = (keyed * prime32.one) & mask;
  }
}

const mix16 = (input: DataView, at: number, secretPlace: number): bigint =>
  foldedProduct(word64(input, at) ^ secretAt(secretPlace), word64(input, at + 8) ^ secretAt(secretPlace + 8));

/** The upper and the lower half of the product, combined. */
function foldedProduct(one: bigint, other: bigint): bigint {
  const product = one * other;
  return (product & mask) ^ (product >> 64n);
}

function avalanche(sum: bigint): bigint {
  let value = sum & mask;
  value ^= value >> 37n;
  value = (value * mixPrimes.one) & mask;
  return value ^ (value >> 32n);
}

function avalanche64(given: bigint): bigint {
  let value = given ^ (given >> 33n);
  value = (value * prime64.two) & mask;
  value ^= value >> 29n;
  value = (value * prime64.three) & mask;
  return value ^ (value >> 32n);
}

function spread(given: bigint, length: bigint): bigint {
  let value = given ^ rotated(given, 49n) ^ rotated(given, 24n);
  value = (value * mixPrimes.two) & mask;
  value ^= (value >> 35n) + length;
  value = (value * mixPrimes.two) & mask;
  return value ^ (value >> 28n);
}

const rotated = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & mask;

const swapped = new DataView(new ArrayBuffer(8));
function swap64(value: bigint): bigint {
  swapped.setBigUint64(0, value, true);
  return swapped.getBigUint64(0, false);
}
