import { close, fdatasync, openSync, write } from "node:fs";
import type { SnapshotSink } from "./snapshot/background-snapshot.ts";
import { type Settlable, settlable } from "../settlable.ts";

/**
 * After this many bytes the file is synced, so that no sync takes much longer than the others, not even the last one.
 */
const syncBytes = 4 * 1024 * 1024;

/** A file that is written in the background. It accepts bytes at once, and writes them in order. */
export class BackgroundFile implements SnapshotSink {
  readonly #descriptor: number;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #unsyncedBytes = 0;
  #busy = false;
  #ended = false;
  #failure: Error | undefined;
  readonly #settle: Settlable;
  /** Resolves when the whole file is on the disk and closed; rejects with the system's error. */
  readonly done: Promise<void>;

  /** Throws the system's error. */
  constructor(path: string) {
    this.#descriptor = openSync(path, "w");
    this.#settle = settlable();
    this.done = this.#settle.promise;
  }

  /** Bytes that are not written yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** True after a failure: nothing more is written, and `done` rejects. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Copies the bytes. */
  write(bytes: Uint8Array): void {
    if (this.hasFailed) return;
    this.#queue.push(bytes.slice());
    this.#queuedBytes += bytes.length;
    this.#next();
  }

  /** Must be called after the last bytes. */
  end(): void {
    this.#ended = true;
    this.#next();
  }

  /** Gives the file up: `done` rejects with this error. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#next();
  }

  #next(): void {
    if (this.#busy) return;
    const bytes = this.#queue[0];
    if (this.#failure !== undefined || (bytes === undefined && this.#ended && this.#unsyncedBytes === 0)) this.#close();
    else if (bytes === undefined ? this.#ended : this.#unsyncedBytes >= syncBytes) this.#sync();
    else if (bytes !== undefined) this.#write(bytes, 0);
  }

  #write(bytes: Uint8Array, from: number): void {
    this.#busy = true;
    write(this.#descriptor, bytes, from, bytes.length - from, null, (error, written) => {
      this.#busy = false;
      if (error !== null) {
        this.fail(error);
        return;
      }
      if (this.#failure === undefined && from + written < bytes.length) {
        this.#write(bytes, from + written);
        return;
      }
      this.#queue.shift();
      this.#queuedBytes = Math.max(0, this.#queuedBytes - bytes.length);
      this.#unsyncedBytes += bytes.length;
      this.#next();
    });
  }

  #sync(): void {
    this.#busy = true;
    this.#unsyncedBytes = 0;
    fdatasync(this.#descriptor, (error) => {
      this.#busy = false;
      if (error !== null) this.fail(error);
      else this.#next();
    });
  }

  #close(): void {
    this.#busy = true;
    close(this.#descriptor, (error) => {
      const failure = this.#failure ?? error;
      if (failure === null) this.#settle.resolve();
      else this.#settle.reject(failure);
    });
  }
}
