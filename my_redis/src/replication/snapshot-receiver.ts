import { closeSync, openSync } from "node:fs";
import type { Environment } from "../environment.ts";
import { removeUnneeded } from "../remove-unneeded.ts";
import { writeAll } from "../write-all.ts";

export const endMarkBytes = 40;

/** Puts the snapshot that a primary sends into a file. Its end is known by its length, or by a mark. */
export class SnapshotReceiver {
  readonly path: string;
  /** Bytes of the snapshot, and how many have arrived. Undefined where a mark ends it. */
  readonly totalBytes: number | undefined;
  receivedBytes = 0;
  isWhole = false;
  readonly #descriptor: number;
  readonly #endMark: Buffer | undefined;
  /** The last bytes that have arrived: the mark may begin in them. */
  #tail: Buffer = Buffer.alloc(0);
  #isClosed = false;

  /** Throws the system's error. */
  constructor(path: string, end: number | string) {
    this.path = path;
    this.totalBytes = typeof end === "number" ? end : undefined;
    this.#endMark = typeof end === "string" ? Buffer.from(end, "latin1") : undefined;
    this.#descriptor = openSync(path, "w");
    this.isWhole = end === 0;
  }

  /** Takes bytes of the chunk from `start` on. Returns where it stopped. Throws the system's error. */
  take(chunk: Uint8Array, start: number): number {
    const end =
      this.#endMark === undefined ? this.#takeCounted(chunk, start) : this.#takeUpTo(this.#endMark, chunk, start);
    if (this.isWhole) this.#close();
    return end;
  }

  #takeCounted(chunk: Uint8Array, start: number): number {
    const end = Math.min(chunk.length, start + (this.totalBytes as number) - this.receivedBytes);
    this.#write(chunk.subarray(start, end));
    this.isWhole = this.receivedBytes === this.totalBytes;
    return end;
  }

  #takeUpTo(mark: Buffer, chunk: Uint8Array, start: number): number {
    const before = this.#tail.length;
    const bytes = Buffer.concat([this.#tail, chunk.subarray(start)]);
    const found = bytes.indexOf(mark);
    if (found >= 0) {
      this.#write(bytes.subarray(0, found));
      this.isWhole = true;
      return start + found + mark.length - before;
    }
    const kept = Math.min(bytes.length, mark.length - 1);
    this.#write(bytes.subarray(0, bytes.length - kept));
    this.#tail = bytes.subarray(bytes.length - kept);
    return chunk.length;
  }

  #write(bytes: Uint8Array): void {
    writeAll(this.#descriptor, bytes);
    this.receivedBytes += bytes.length;
  }

  #close(): void {
    if (!this.#isClosed) closeSync(this.#descriptor);
    this.#isClosed = true;
  }

  /** Closes and removes the file. */
  remove(environment: Pick<Environment, "report">): void {
    this.#close();
    removeUnneeded(environment, this.path);
  }
}
