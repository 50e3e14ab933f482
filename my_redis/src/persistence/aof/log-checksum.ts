import { crc32 } from "node:zlib";
import { addToSum, sumText } from "./predecessor.ts";

/**
 * Redis's log has no checksums, so that bit rot inside a value goes unnoticed. This log has an annotation after each
 * write, which redis-server skips: "#CRC32:<8 hexadecimal digits>:<number of bytes before it that it covers>".
 */
const prefix = "CRC32:";

/** The annotation for these bytes, with its line end. */
export function checksumAnnotation(bytes: Uint8Array): string {
  return annotationOf(crc32(bytes), bytes.length);
}

/** The text of a checksum's annotation as a reader of the log gets it: without "#" and line end. */
export const checksumOf = (annotation: string): string => annotation.slice(1).trimEnd();

const annotationOf = (value: number, length: number): string => `#${prefix}${sumText(value)}:${length}\r\n`;

const noBytes = new Uint8Array(0);

export interface ChecksumState {
  readonly value: number;
  readonly length: number;
}

/** Computes the checksum of a log while it is read, and compares it with the annotations. */
export class ChecksumVerifier {
  /** Whether there was any checksum. */
  hasChecksums = false;
  /** The sum of all checksums that were right, by `addToSum`. */
  sum = 0;
  #value = 0;
  #length = 0;
  // Entries that are not summed yet. They are next to each other: to sum many at once is ten times faster than each
  // entry by itself.
  #pending: Uint8Array = noBytes;
  #pendingStart = 0;
  #pendingEnd = 0;

  /** Adds an entry that is no checksum, bytes[start, end). The bytes must stay the same until `settle`. */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.#pending || start !== this.#pendingEnd) {
      this.settle();
      this.#pending = bytes;
      this.#pendingStart = start;
    }
    this.#pendingEnd = end;
    this.#length += end - start;
  }

  /** To be called before the bytes of entries change. */
  settle(): void {
    if (this.#pendingEnd > this.#pendingStart) {
      this.#value = crc32(this.#pending.subarray(this.#pendingStart, this.#pendingEnd), this.#value);
    }
    this.#pending = noBytes;
    this.#pendingStart = 0;
    this.#pendingEnd = 0;
  }

  /** Checks an annotation: "other" for one that is no checksum, otherwise whether it matches the bytes before it. */
  check(annotation: string): "other" | "right" | "wrong" {
    if (!annotation.startsWith(prefix)) return "other";
    this.settle();
    this.hasChecksums = true;
    const [digits, length] = annotation.slice(prefix.length).split(":");
    if (Number(length) !== this.#length || digits !== sumText(this.#value)) return "wrong";
    this.#value = 0;
    this.#length = 0;
    this.sum = addToSum(this.sum, annotation);
    return "right";
  }

  /** The state so far; `restore` returns to it. */
  get state(): ChecksumState {
    this.settle();
    return { value: this.#value, length: this.#length };
  }

  restore(state: ChecksumState): void {
    this.settle();
    this.#value = state.value;
    this.#length = state.length;
  }

  /**
   * An annotation for the bytes read since the last one, if any. With it, the log is covered completely before new
   * entries follow.
   */
  get closing(): string | undefined {
    this.settle();
    return this.#length === 0 ? undefined : annotationOf(this.#value, this.#length);
  }
}
