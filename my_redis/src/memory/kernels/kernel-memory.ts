/**
 * Kernels are the inner loops over bytes, written in WebAssembly: decompression, checksums, hashes, checks. They run at
 * full speed after a millisecond, where the same loops in JavaScript need some tens of milliseconds, which is as long as
 * a small snapshot takes to load. They work on one memory, which they share. Its size is fixed, so that views of it stay
 * valid. The system gives pages of it only when they are first used.
 *
 * The sources are the files *-kernel.wat; `npm run kernels` assembles them.
 */
const pageBytes = 65536;

/** Bytes behind every area, which a kernel may read and overwrite: it works in words of eight bytes. */
const slackBytes = 64;

let areasEnd = 64;

function area(bytes: number): number {
  const start = areasEnd;
  areasEnd += bytes + slackBytes;
  return start;
}

/** Words in which kernels leave further results. */
export const resultWords = area(64);
/** Tables of the checksum. */
export const checksumTables = area(32 * 1024);
/** The table in which elements are compared. */
export const distinctPlaces = area(16 * 1024);

/** What a kernel is to read and is not in this memory yet. */
export const maxInputBytes = 256 * 1024;
export const input = area(maxInputBytes);

/** Elements that are packed here. */
export const packedBytes = 64 * 1024;
export const packed = area(packedBytes);

/** Strings that were decompressed. */
export const decompressedBytes = 256 * 1024;
export const decompressed = area(decompressedBytes);

/**
 * Where a long string is decompressed, piece by piece. Pieces of 64 KiB took a tenth longer: the loop around them is
 * JavaScript.
 */
export const pieceBytes = 256 * 1024;
export const piece = area(pieceBytes);

/** What the kernel that loads keys and elements has to know; see rdb-kernel.ts. */
export const loaderState = area(256);
export const maxSizeClasses = 128;
export const sizeClassTable = area(4096 + 64);
export const pageTable = area(maxSizeClasses * 16);
/** Four words for each key or element that was loaded. */
export const maxLoaded = 4096;
export const loadedEntries = area(maxLoaded * 16);

/** Where the words of a request start and end, in this memory. */
export const maxRequestWords = 1024;
export const wordStarts = area(maxRequestWords * 4);
export const wordEnds = area(maxRequestWords * 4);

/** Where elements start and end, and then their hashes. The words of a log's requests stay as they are meanwhile. */
export const maxHashed = 1024;
export const hashedElements = area(maxHashed * 8);

/** What the kernel that finds the requests of a log has to know; see log-reader.ts. */
export const requestState = area(64);
/** The commands that it knows: name, least and most words, and an operation of working copies. */
export const knownCommandBytes = 32;
export const maxKnownCommands = 128;
export const knownCommands = area(maxKnownCommands * knownCommandBytes);

/** What the kernel that changes working copies has to know; see working-copies.ts. */
export const workingState = area(192);
/** The table of these copies: two words for each slot. */
export const workingSlots = 1 << 17;
export const workingTable = area(workingSlots * 8);
export const workingBytes = 1 << 24;
export const workingArea = area(workingBytes);
/** Long strings of a log that are still in the window: six words for each. One has over 2048 bytes of the window. */
export const stringWords = 6;
export const longStrings = area(512 * stringWords * 4);

/** Pages of the heap while they are being filled, one for each size class. */
export const heapPageBytes = 65536;
export const heapPageStride = heapPageBytes + slackBytes;
export const heapPages = area(maxSizeClasses * heapPageStride);

/** The part of a file that is being read. One file at a time: loading is never interrupted. */
export const windowBytes = 1 << 20;
export const fileWindow = area(windowBytes);

export const kernelMemory = new WebAssembly.Memory({ initial: Math.ceil(areasEnd / pageBytes) });
export const kernelBytes = new Uint8Array(kernelMemory.buffer);
export const kernelWords = new Uint32Array(kernelMemory.buffer);

/**
 * The functions of a kernel, by its binary in base64. The caller knows their types. `functions`: those that the kernel
 * imports, by module and name.
 */
export function openKernel(
  binary: string,
  functions: Record<string, Record<string, unknown>> = {},
): Record<string, unknown> {
  const module = new WebAssembly.Module(Buffer.from(binary, "base64"));
  const imports = { ...functions, kernels: { memory: kernelMemory } } as ConstructorParameters<
    typeof WebAssembly.Instance
  >[1];
  return new WebAssembly.Instance(module, imports).exports;
}
