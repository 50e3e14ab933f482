import { copyBytes } from "../../memory/copy-bytes.ts";

/**
 * The inner loop of murmur-hash.ts for long elements, as WebAssembly, because JavaScript has no fast product of 64-bit
 * integers: it takes an eighth of the time. A short element is not worth the copy and the call.
 */
const hashAt = 0;
const blocksAt = 8;
const chunkBytes = 32_768;

const section = (id: number, ...content: number[]): number[] => [id, content.length, ...content];
const name = (text: string): number[] => [text.length, ...Buffer.from(text)];

const [at, end, hash, block] = [0, 1, 2, 3];
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
/** i64.const 0xc6a4a7935bd1e995, as signed LEB128, and i64.mul. */
const timesMultiplier = [0x42, 0x95, 0xd3, 0xc7, 0xde, 0xb5, 0xf2, 0xa9, 0xd2, 0x46, 0x7e];

/** mix(at, end): mixes the blocks of 8 bytes from `at` to `end`, of which there is at least one, into the hash. */
const mix = [
  ...[1, 2, 0x7e], // two locals of type i64: hash, block
  ...[0x41, hashAt, 0x29, 3, 0, ...set(hash)], // hash = i64.load(hashAt)
  ...[0x03, 0x40], // loop
  ...[...get(at), 0x29, 3, 0, ...timesMultiplier, ...set(block)], // block = i64.load(at) * multiplier
  ...[...get(block), ...get(block), 0x42, 47, 0x88, 0x85, ...timesMultiplier, ...set(block)], // block = (block ^ block >> 47) * ...
  ...[...get(hash), ...get(block), 0x85, ...timesMultiplier, ...set(hash)], // hash = (hash ^ block) * multiplier
  ...[...get(at), 0x41, 8, 0x6a, 0x22, at], // at = at + 8
  ...[...get(end), 0x49, 0x0d, 0], // br_if: at < end
  0x0b, // end of the loop
  ...[0x41, hashAt, ...get(hash), 0x37, 3, 0], // i64.store(hashAt, hash)
  0x0b,
];

const i32 = 0x7f;
const binary = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, 1, 0x60, 2, i32, i32, 0), // one type: (i32, i32) -> ()
  ...section(3, 1, 0), // one function, of that type
  ...section(5, 1, 0, 1), // a memory of one page
  ...section(7, 2, ...name("memory"), 2, 0, ...name("mix"), 0, 0), // what is exported
  ...section(10, 1, mix.length, ...mix), // the code
]);

interface Blocks {
  readonly memory: WebAssembly.Memory;
  readonly mix: (at: number, end: number) => void;
}

const blocks = new WebAssembly.Instance(new WebAssembly.Module(binary)).exports as unknown as Blocks;
const memory = new Uint8Array(blocks.memory.buffer);
/** The two words of the hash, the lower one first. */
export const mixedHash = new Int32Array(blocks.memory.buffer, hashAt, 2);

/** Mixes the blocks in bytes[start, end), a multiple of 8 bytes, into `mixedHash`. */
export function mixBlocks(bytes: Uint8Array, start: number, end: number): void {
  for (let from = start; from < end; from += chunkBytes) {
    const length = Math.min(chunkBytes, end - from);
    copyBytes(bytes, from, from + length, memory, blocksAt);
    blocks.mix(blocksAt, blocksAt + length);
  }
}
