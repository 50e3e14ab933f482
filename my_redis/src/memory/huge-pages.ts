import { openCLibrary } from "../c-library.ts";

/** The size of a huge page on the systems that have them. */
export const hugePageBytes = 1 << 21;
const pageBytes = 4096;
/** MADV_HUGEPAGE of madvise(2). */
const wantHugePages = 14;

type Madvise = (address: number, bytes: number, advice: number) => number;

let advise: ((bytes: Uint8Array | Int32Array) => void) | undefined;

/**
 * Asks the system to back a large array with pages of 2 MiB, which it gives when they are first written to. With pages of
 * 4 KiB, most of the time to fill new memory is spent on asking for each of them. redis-server advises against huge
 * pages, because it forks for a snapshot and then copies whole pages; this server does not fork. Only Bun on Linux can
 * ask. Elsewhere, and where the system has switched huge pages off, nothing changes.
 */
export function adviseHugePages(bytes: Uint8Array | Int32Array): void {
  advise ??= openLibrary();
  advise(bytes);
}

function openLibrary(): (bytes: Uint8Array | Int32Array) => void {
  const library = openCLibrary<{ madvise: Madvise }>({ madvise: { args: ["u64", "u64", "int"], returns: "int" } });
  if (library === undefined) return () => {};
  const { functions, ptr } = library;
  return (bytes) => {
    const address = ptr(bytes);
    const start = Math.ceil(address / pageBytes) * pageBytes;
    const end = Math.floor((address + bytes.byteLength) / pageBytes) * pageBytes;
    if (end > start) functions.madvise(start, end - start, wantHugePages);
  };
}
