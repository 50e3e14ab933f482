import { crc32 } from "node:zlib";

/**
 * Redis's log has no checksum, so bit rot inside a value goes unseen. Ours puts an annotation behind each write,
 * which redis-server passes over: "#CRC32:<8 hexadecimal digits>:<bytes that it covers, before it>".
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

/** Follows a log while it is read, and compares what was read with the annotations in it. */
export class ChecksumVerifier {
  #value = 0;
  #length = 0;

  /** Takes in an entry that is no checksum. */
  add(bytes: Uint8Array): void {
    this.#value = crc32(bytes, this.#value);
    this.#length += bytes.length;
  }

  /** Looks at an annotation: "other" for one that is no checksum, else whether it fits what came before it. */
  check(annotation: string): "other" | "right" | "wrong" {
    if (!annotation.startsWith(prefix)) return "other";
    const [digits, length] = annotation.slice(prefix.length).split(":");
    const right = Number(length) === this.#length && digits === hexadecimal(this.#value);
    this.#value = 0;
    this.#length = 0;
    return right ? "right" : "wrong";
  }

  /** How far it has read; `restore` goes back there. */
  get state(): ChecksumState {
    return { value: this.#value, length: this.#length };
  }

  restore(state: ChecksumState): void {
    this.#value = state.value;
    this.#length = state.length;
  }

  /** An annotation for what was read since the last one, if anything: a log is always covered up to where one goes on. */
  get closing(): string | undefined {
    return this.#length === 0 ? undefined : annotationOf(this.#value, this.#length);
  }
}
