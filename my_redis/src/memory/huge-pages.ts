import { openCLibrary } from "../c-library.ts";

/** The size of a huge page on the systems that have them. */
export const hugePageBytes = 1 << 21;
const pageBytes = 4096;
/** MADV_HUGEPAGE, MADV_NOHUGEPAGE and MADV_DONTNEED of madvise(2). */
export const pageAdvice = { huge: 14, small: 15, unneeded: 4 } as const;
type PageAdvice = (typeof pageAdvice)[keyof typeof pageAdvice];

type Madvise = (address: number, bytes: number, advice: number) => number;
type Advise = (bytes: Uint8Array | Int32Array, advice: PageAdvice) => void;

let advise: Advise | undefined;

/**
 * Asks the system to back a large array with pages of 2 MiB, which it gives when they are first written to, or to stop
 * that for the rest of the array, or takes unneeded memory back, which is zero afterwards. With pages of 4 KiB, most of the time to fill new memory is spent on asking for each of
 * them. But to find one of 2 MiB, the system may move others for tens of milliseconds: so only data that nobody waits for
 * yet is written to huge pages (see `Heap.fill`). redis-server advises against huge pages, because it forks for a
 * snapshot and then copies whole pages; this server does not fork. Only Bun on Linux can ask. Elsewhere, and where the
 * system has switched huge pages off, nothing changes.
 */
export function advisePages(bytes: Uint8Array | Int32Array, advice: PageAdvice): void {
  advise ??= openLibrary();
  advise(bytes, advice);
}

function openLibrary(): Advise {
  const library = openCLibrary<{ madvise: Madvise }>({ madvise: { args: ["u64", "u64", "int"], returns: "int" } });
  if (library === undefined) return () => {};
  const { functions, ptr } = library;
  return (bytes, advice) => {
    const address = ptr(bytes);
    const start = Math.ceil(address / pageBytes) * pageBytes;
    const end = Math.floor((address + bytes.byteLength) / pageBytes) * pageBytes;
    if (end > start) functions.madvise(start, end - start, advice);
  };
}
