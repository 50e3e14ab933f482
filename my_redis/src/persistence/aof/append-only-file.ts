import { closeSync, fdatasync, fdatasyncSync, ftruncateSync, writeSync } from "node:fs";
import type { Environment } from "../../environment.ts";
import type { LogSink } from "./command-log.ts";
import { checksumAnnotation } from "./log-checksum.ts";

export type SyncPolicy = "always" | "everysec" | "no";

export interface AppendOnlyFileOptions {
  readonly folder: string;
  /** Name of the sub-folder of `folder` that holds the log. */
  readonly logFolder: string;
  /** First part of the file names. */
  readonly fileName: string;
  readonly syncPolicy: SyncPolicy;
  /** Cut an unfinished tail and go on, instead of refusing to start. */
  readonly loadTruncated: boolean;
  readonly checksums: boolean;
}

/** How often a write that failed (a full disk) is tried again. */
const retryMs = 1000;

interface Waiter {
  readonly offset: number;
  /** False for one who only waits for his place in the order: his turn is lost already. */
  readonly safe: boolean;
  readonly callback: (safe: boolean) => void;
}

/**
 * The append-only file: Redis 7's folder of a manifest and increments. Every turn's commands are written before they
 * are answered, whatever the sync policy, so that a killed process loses nothing. With `always` the answers also wait
 * for the disk, and one sync serves all who came meanwhile (group commit).
 */
export class AppendOnlyFile implements LogSink {
  /** Called with an error reply for writes when the log cannot be written, and with undefined when it can again. */
  onFailure: (refusal: string | undefined) => void = () => {};
  /** Called when the file is closed: another may open it now. */
  onClosed: () => void = () => {};
  syncPolicy: SyncPolicy;
  readonly #environment: Environment;
  readonly #options: AppendOnlyFileOptions;
  #descriptor: number;
  /** A file that was left while a sync of it was under way: closed when that is over. */
  #left: number | undefined;
  /** Bytes in the log, and how many of them are known to be on the disk. */
  #written: number;
  #synced: number;
  /** Where in the log the file begins that is written now. */
  #fileStart = 0;
  #syncing = false;
  #waiters: Waiter[] = [];
  /** What could not be written: the disk was full. Tried again, in order, before anything else. */
  #unwritten: Uint8Array[] = [];
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #syncFailed = false;
  /** The write of this turn failed: its replies must not go out. */
  #turnLost = false;
  /** A sync failed after commands of this turn may have run: if they wrote, their replies must not go out. */
  #brokeInTurn = false;
  #closed = false;
  #everySecond: ReturnType<typeof setInterval> | undefined;

  /** `descriptor`: open for appending at `length`, the file's end. */
  constructor(environment: Environment, options: AppendOnlyFileOptions, descriptor: number, length: number) {
    this.#environment = environment;
    this.#options = options;
    this.#descriptor = descriptor;
    this.#written = length;
    this.#synced = length;
    this.syncPolicy = options.syncPolicy;
    this.#everySecond = setInterval(() => this.#syncEverySecond(), 1000);
    this.#everySecond.unref();
  }

  /** Bytes of the file that is written now. */
  get sizeBytes(): number {
    return this.#written - this.#fileStart;
  }

  /** Forces what has been written so far to the disk, beside the work. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#descriptor, (error) => (error ? reject(error) : resolve()));
    });
  }

  /**
   * Goes on in another file, open for appending and empty. What has been written is forced to the disk first, since a
   * log without its midst is worth nothing; who called `sync` just before waits for little. Throws when the log is not
   * healthy or the system's error; then nothing has changed.
   */
  switchTo(descriptor: number): void {
    if (!this.healthy) throw new Error("the append-only file cannot be written");
    fdatasyncSync(this.#descriptor);
    this.#synced = this.#written;
    if (this.#syncing) this.#left = this.#descriptor;
    else closeSync(this.#descriptor);
    this.#descriptor = descriptor;
    this.#fileStart = this.#written;
  }

  get healthy(): boolean {
    return this.#unwritten.length === 0 && !this.#syncFailed;
  }

  write(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (!this.healthy) {
      if (this.#brokeInTurn) this.#turnLost = true;
      this.#unwritten.push(this.#withChecksum(bytes).slice());
      return;
    }
    this.#append(this.#withChecksum(bytes));
  }

  #withChecksum(bytes: Uint8Array): Uint8Array {
    if (!this.#options.checksums) return bytes;
    const annotation = Buffer.from(checksumAnnotation(bytes), "latin1");
    const whole = new Uint8Array(bytes.length + annotation.length);
    whole.set(bytes);
    whole.set(annotation, bytes.length);
    return whole;
  }

  /** Writes all of it, or takes back what was written of it and keeps it for a later try. */
  #append(bytes: Uint8Array): void {
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(this.#descriptor, bytes, done, bytes.length - done);
      this.#written += bytes.length;
    } catch (error) {
      this.#writeFailed(bytes, done, error);
    }
  }

  #writeFailed(bytes: Uint8Array, done: number, error: unknown): void {
    this.#environment.report("error", "the append-only file cannot be written; writes are refused", error);
    const left = this.#takeBack(done) ? bytes : bytes.subarray(done);
    this.#unwritten.unshift(left.slice());
    this.#turnLost = true;
    this.onFailure(refusal(error));
    this.#retryTimer ??= setTimeout(() => this.#retry(), retryMs);
  }

  /** Takes back a write of which only the beginning got into the file. False when it has to stay: the rest must follow it. */
  #takeBack(done: number): boolean {
    if (done === 0) return true;
    try {
      ftruncateSync(this.#descriptor, this.sizeBytes);
      return true;
    } catch {
      this.#written += done;
      return false;
    }
  }

  #retry(): void {
    this.#retryTimer = undefined;
    const unwritten = this.#unwritten;
    this.#unwritten = [];
    for (const [index, bytes] of unwritten.entries()) {
      this.#append(bytes);
      if (this.#unwritten.length === 0) continue;
      this.#unwritten.push(...unwritten.slice(index + 1));
      return;
    }
    if (this.#syncFailed) return;
    this.#turnLost = false;
    this.#environment.report("notice", "the append-only file can be written again");
    this.onFailure(undefined);
  }

  /**
   * Calls back once everything written so far is as safe as the policy promises: at once, or after the next sync.
   * `safe` is false when the turn's write, or the sync that it waits for, failed: then nothing of the turn may be
   * acknowledged. Later turns only read, since writes are refused from then on: they go out.
   */
  whenSafe(callback: (safe: boolean) => void): void {
    const safe = this.healthy || !this.#turnLost;
    this.#turnLost = false;
    this.#brokeInTurn = false;
    const mustSync = this.healthy && this.syncPolicy === "always" && this.#synced < this.#written;
    const last = this.#waiters.at(-1);
    if (!mustSync && last === undefined) {
      callback(safe);
      return;
    }
    // Replies go out in the order of the turns: whoever need not wait for the disk waits for those before him.
    const offset = mustSync ? this.#written : (last as Waiter).offset;
    this.#waiters.push({ offset, safe, callback });
    if (!this.#syncing) this.#sync();
  }

  #syncEverySecond(): void {
    if (this.syncPolicy !== "no" && !this.#syncing && this.#synced < this.#written && !this.#syncFailed) this.#sync();
  }

  #sync(): void {
    this.#syncing = true;
    const upTo = this.#written;
    fdatasync(this.#descriptor, (error) => {
      this.#syncing = false;
      this.#closeLeft();
      if (this.#closed) {
        this.#closeFile();
        return;
      }
      if (error !== null && error !== undefined) {
        this.#syncBroke(error);
        return;
      }
      this.#synced = Math.max(this.#synced, upTo);
      while (this.#waiters.length > 0 && (this.#waiters[0] as Waiter).offset <= upTo) this.#serveFirst(true);
      if (this.#waiters.length > 0 && !this.#syncing) this.#sync();
    });
  }

  #serveFirst(synced: boolean): void {
    const { safe, callback } = this.#waiters.shift() as Waiter;
    callback(safe && synced);
  }

  /**
   * After a failed sync the system may have dropped the pages it could not write, and a later sync would say that all
   * is well: nothing can be promised until the server is started anew.
   */
  #syncBroke(error: unknown): void {
    this.#environment.report("error", "the append-only file cannot be synced; writes are refused until restart", error);
    this.#syncFailed = true;
    this.#brokeInTurn = true;
    this.onFailure(refusal(error));
    while (this.#waiters.length > 0) this.#serveFirst(false);
  }

  /** Writes what could not be written before if it can be now, syncs and closes. Whoever waits is answered. */
  close(): void {
    clearInterval(this.#everySecond);
    clearTimeout(this.#retryTimer);
    if (this.#unwritten.length > 0) this.#retry();
    clearTimeout(this.#retryTimer);
    const synced = this.#syncNow();
    while (this.#waiters.length > 0) this.#serveFirst(synced);
    // What runs on after the end, a paused script say, must not write into a file that gets this number next.
    this.#closed = true;
    this.#closeFile();
  }

  #syncNow(): boolean {
    if (!this.healthy) return false;
    if (this.#synced >= this.#written) return true;
    try {
      fdatasyncSync(this.#descriptor);
      this.#synced = this.#written;
      return true;
    } catch (error) {
      this.#environment.report("error", "the append-only file cannot be synced at the end", error);
      return false;
    }
  }

  #closeLeft(): void {
    if (this.#left !== undefined) closeSync(this.#left);
    this.#left = undefined;
  }

  /** Not under a sync that is under way on another thread. */
  #closeFile(): void {
    if (this.#syncing) return;
    closeSync(this.#descriptor);
    this.onClosed();
  }
}

function refusal(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `MISCONF Errors writing to the AOF file: ${reason}`;
}
