import { openCLibrary } from "../c-library.ts";

/** The size of a huge page on the systems that have them. */
export const hugePageBytes = 1 << 21;
const pageBytes = 4096;
/** Advice of madvise(2): MADV_HUGEPAGE, MADV_POPULATE_WRITE, which Linux has since 5.14, and MADV_DONTNEED. */
const pageAdvice = { huge: 14, now: 23, unneeded: 4 } as const;

/**
 * A huge page that takes longer than this is not worth it: 512 small pages take 650. The system needs 90 when it has one
 * at hand, and 5,000 or more when the host of a virtual machine has to find the memory first.
 */
const slowHugePageUs = 1000;

/** What this file needs of the system. */
export interface PageSystem {
  madvise(address: number, bytes: number, advice: number): number;
  /** Microseconds of processor time that the process has used. */
  clock(): number;
  /** The address of an array. */
  ptr(bytes: ArrayBufferView): number;
}

let system: PageSystem | undefined | "unopened" = "unopened";

function openSystem(): PageSystem | undefined {
  const library = openCLibrary<Pick<PageSystem, "madvise" | "clock">>({
    madvise: { args: ["u64", "u64", "int"], returns: "int" },
    clock: { args: [], returns: "i64_fast" },
  });
  return library && { ...library.functions, ptr: library.ptr };
}

/** The system that this process runs on. */
function thisSystem(): PageSystem | undefined {
  if (system === "unopened") system = openSystem();
  return system;
}

/** Gives the whole pages of an array, whose content is not needed any more, back to the system where that is possible. */
export function giveBackPages(bytes: Uint8Array): void {
  const pages = thisSystem();
  if (pages === undefined) return;
  const address = pages.ptr(bytes);
  const start = Math.ceil(address / pageBytes) * pageBytes;
  const end = Math.floor((address + bytes.byteLength) / pageBytes) * pageBytes;
  if (end > start) pages.madvise(start, end - start, pageAdvice.unneeded);
}

/**
 * Asks the system for the pages of new memory, 2 MiB at a time, before they are written to. Otherwise each page of 4 KiB
 * is asked for when it is first written to, which takes most of the time in which new memory is filled.
 *
 * The first pages are huge ones, until one of them comes slowly. In a virtual machine, free huge pages may have been given
 * back to the host, while small ones are still there. To find a huge page, the system may also move others for tens of
 * milliseconds. So only data that nobody waits for yet is written to huge pages (see `Heap.fill`). redis-server advises
 * against huge pages, because it forks for a snapshot and then copies whole pages; this server does not fork.
 *
 * Only Bun on Linux can ask. Elsewhere nothing changes.
 */
export class FreshPages {
  readonly #system: PageSystem | undefined;
  #wantsHugePages = true;

  constructor(given?: PageSystem) {
    this.#system = given ?? thisSystem();
  }

  /** Asks for the pages of an array from one place to another, and for some more. Gives the place up to which it asked. */
  ask(bytes: Uint8Array | Int32Array, from: number, to: number): number {
    if (this.#system === undefined) return bytes.byteLength;
    const address = this.#system.ptr(bytes);
    const end = Math.floor((address + bytes.byteLength) / pageBytes) * pageBytes;
    let at = Math.ceil((address + from) / pageBytes) * pageBytes;
    while (at < end && at < address + to) {
      const next = Math.min(end, Math.floor(at / hugePageBytes + 1) * hugePageBytes);
      this.#askFor(this.#system, at, next - at);
      at = next;
    }
    return at < end ? at - address : bytes.byteLength;
  }

  #askFor(from: PageSystem, address: number, bytes: number): void {
    if (!this.#wantsHugePages || bytes < hugePageBytes) {
      from.madvise(address, bytes, pageAdvice.now);
      return;
    }
    from.madvise(address, bytes, pageAdvice.huge);
    const before = from.clock();
    from.madvise(address, bytes, pageAdvice.now);
    this.#wantsHugePages = from.clock() - before < slowHugePageUs;
  }
}
