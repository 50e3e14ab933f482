import { crc32 } from "node:zlib";

/**
 * Redis's log has no checksums, so that bit rot inside a value goes unnoticed. This log has an annotation after each
 * write, which redis-server skips: "#CRC32:<8 hexadecimal digits>:<number of bytes before it that it covers>".
 */
const prefix = "CRC32:";

/** The annotation for these bytes, with its line end. */
export function checksumAnnotation(bytes: Uint8Array): string {
  return annotationOf(crc32(bytes), bytes.length);
}

const annotationOf = (value: number, length: number): string => `#${prefix}${hexadecimal(value)}:${length}\r\n`;
const hexadecimal = (value: number): string => value.toString(16).padStart(8, "0");

export interface ChecksumState {
  readonly value: number;
  readonly length: number;
}

/** Computes the checksum of a log while it is read, and compares it with the annotations. */
export class ChecksumVerifier {
  /** Whether there was any checksum. */
  hasChecksums = false;
  #value = 0;
  #length = 0;

  /** Adds an entry that is no checksum. */
  add(bytes: Uint8Array): void {
    this.#value = crc32(bytes, this.#value);
    this.#length += bytes.length;
  }

  /** Checks an annotation: "other" for one that is no checksum, otherwise whether it matches the bytes before it. */
  check(annotation: string): "other" | "right" | "wrong" {
    if (!annotation.startsWith(prefix)) return "other";
    this.hasChecksums = true;
    const [digits, length] = annotation.slice(prefix.length).split(":");
    if (Number(length) !== this.#length || digits !== hexadecimal(this.#value)) return "wrong";
    this.#value = 0;
    this.#length = 0;
    return "right";
  }

  /** The state so far; `restore` returns to it. */
  get state(): ChecksumState {
    return { value: this.#value, length: this.#length };
  }

  restore(state: ChecksumState): void {
    this.#value = state.value;
    this.#length = state.length;
  }

  /**
   * An annotation for the bytes read since the last one, if any. With it, the log is covered completely before new
   * entries follow.
   */
  get closing(): string | undefined {
    return this.#length === 0 ? undefined : annotationOf(this.#value, this.#length);
  }
}
