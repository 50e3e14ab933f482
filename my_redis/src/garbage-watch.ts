import type { Services } from "./dispatch/context.ts";

/**
 * A collection is asked for after this much input. The bytes of executed requests are garbage, and the runtime allows
 * garbage in proportion to all memory that it sees, including the record heap: 1,000,000 keys took 220 MB without
 * asking for collections, and 132 MB with.
 */
const busyInputBytes = 16 * 1024 * 1024;
/**
 * When no client has sent anything for a second, the garbage of at least this much input is collected, at once: no
 * client is delayed by that, and a background collection would end only with further work.
 */
const restInputBytes = 256 * 1024;
/** Freed segments of the record heap stay memory of the process until they are collected. */
const restHeapBytes = 32 * 1024 * 1024;
const secondMs = 1000;

type GarbageServer = Pick<Services, "environment" | "keyspace" | "observers">;

/**
 * Asks for garbage collections when they are worthwhile, because the runtime does not know which of its memory is
 * garbage.
 */
export class GarbageWatch {
  readonly #server: GarbageServer;
  /** Input bytes when a background collection was last asked for, and when one was last made at once. */
  #askedAtBytes = 0;
  #madeAtBytes = 0;
  /** The largest size of the heap since the last collection at once. */
  #heapBytes = 0;
  // When the input was last compared, and how many bytes there were.
  #lookedMs = 0;
  #lookedAtBytes = 0;

  constructor(server: GarbageServer) {
    this.#server = server;
  }

  /** Must be called a few times a second. */
  tick(monotonicMs: number): void {
    const { environment, keyspace, observers } = this.#server;
    const inputBytes = observers.statistics.netInputBytes;
    // CONFIG RESETSTAT sets the count back to zero, hence the absolute difference.
    if (Math.abs(inputBytes - this.#askedAtBytes) >= busyInputBytes) {
      this.#askedAtBytes = inputBytes;
      environment.collectGarbage(false);
    }
    if (monotonicMs - this.#lookedMs < secondMs) return;
    const atRest = inputBytes === this.#lookedAtBytes;
    this.#lookedAtBytes = inputBytes;
    this.#lookedMs = monotonicMs;
    const { reservedBytes } = keyspace.heap;
    this.#heapBytes = Math.max(this.#heapBytes, reservedBytes);
    if (!atRest) return;
    const inputLeft = Math.abs(inputBytes - this.#madeAtBytes) >= restInputBytes;
    if (!inputLeft && this.#heapBytes - reservedBytes < restHeapBytes) return;
    this.#askedAtBytes = inputBytes;
    this.#madeAtBytes = inputBytes;
    this.#heapBytes = reservedBytes;
    environment.collectGarbage(true);
  }
}
