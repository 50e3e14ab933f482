import { close, closeSync, fdatasync, fdatasyncSync, ftruncateSync, writeSync } from "node:fs";
import type { Environment } from "../../environment.ts";
import type { LogSink } from "./command-log.ts";
import { notWritable, refusal } from "./log-failure.ts";
import { checksumAnnotation, checksumOf } from "./log-checksum.ts";
import { UnwrittenBytes } from "./unwritten-bytes.ts";
import { addToSum, type IncrementEnd, predecessorAnnotation } from "./predecessor.ts";

export type SyncPolicy = "always" | "everysec" | "no";

export interface AppendOnlyFileOptions {
  readonly folder: string;
  /** Name of the folder inside `folder` that holds the log. */
  readonly logFolder: string;
  /** First part of the file names. */
  readonly fileName: string;
  readonly syncPolicy: SyncPolicy;
  /** Cuts an incomplete tail and continues, instead of refusing to start. */
  readonly loadTruncated: boolean;
  readonly checksums: boolean;
}

/** How often a failed write (a full disk) is tried again. */
const retryMs = 1000;
/** A sync of `everysec` that runs for so many seconds longer than it should is reported. */
const reportedAfterSeconds = 2;

interface Waiter {
  readonly offset: number;
  /** False for a waiter whose turn is lost already: it waits only to keep its place in the order. */
  readonly safe: boolean;
  readonly callback: (safe: boolean) => void;
}

/** A call of `sync`. */
interface SyncCaller {
  readonly offset: number;
  readonly settle: (error: Error | undefined) => void;
}

/**
 * The append-only file: Redis 7's folder with a manifest and increments. The commands of every turn are written before
 * they are answered, whatever the sync policy, so that a killed process loses nothing. With `always` the answers also
 * wait for the disk, and one sync serves all turns that were written before it began (group commit).
 */
export class AppendOnlyFile implements LogSink {
  /**
   * Called with an error reply for writes when the log cannot be written, and with undefined when it can be written
   * again.
   */
  onFailure: (refusal: string | undefined) => void = () => {};
  /** Called when more is on the disk. */
  onSynced: () => void = () => {};
  /** Called when the file is closed, so that another process may open it. */
  onClosed: () => void = () => {};
  syncPolicy: SyncPolicy;
  readonly #environment: Environment;
  readonly #options: AppendOnlyFileOptions;
  #descriptor: number;
  /** The file before the last switch, until all of it is on the disk. */
  #previous: number | undefined;
  /** Bytes in the log, and how many of them are known to be on the disk. */
  #written: number;
  #synced: number;
  /** Offset in the log at which the current file begins. */
  #fileStart = 0;
  #sequence: number;
  /** The sum of the checksums in the current file. */
  #sum: number;
  /** What the first write of the current file begins with. */
  #opening: string;
  #syncing = false;
  /** Seconds in which nothing was synced because an earlier sync still ran: of the running one, and of all. */
  #secondsBehind = 0;
  #delayedSyncs = 0;
  #waiters: Waiter[] = [];
  #syncCallers: SyncCaller[] = [];
  /**
   * Bytes that could not be written because the disk was full. They are tried again, in order, before anything else is
   * written.
   */
  readonly unwritten = new UnwrittenBytes();
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #syncFailed = false;
  /** The write of this turn failed, so its replies must not be sent. */
  #turnLost = false;
  /** A sync failed after commands of this turn may have run. If they wrote, their replies must not be sent. */
  #brokeInTurn = false;
  #closed = false;
  #everySecond: ReturnType<typeof setInterval> | undefined;

  /** `descriptor` is open for appending at `end`. */
  constructor(environment: Environment, options: AppendOnlyFileOptions, descriptor: number, end: IncrementEnd) {
    this.#environment = environment;
    this.#options = options;
    this.#descriptor = descriptor;
    this.#written = end.bytes;
    this.#synced = end.bytes;
    this.#sequence = end.sequence;
    this.#sum = end.sum;
    const isBegun = end.bytes > 0 || end.predecessor === undefined;
    this.#opening = isBegun ? "" : predecessorAnnotation(end.predecessor);
    this.syncPolicy = options.syncPolicy;
    this.#everySecond = setInterval(() => this.#syncEverySecond(), 1000);
    this.#everySecond.unref();
  }

  /** Bytes of the current file. */
  get sizeBytes(): number {
    return this.#written - this.#fileStart;
  }

  /** Bytes that were written, and those that are on the disk. Undefined after a failure, because some are not written. */
  get progress(): { readonly written: number; readonly synced: number } | undefined {
    return this.healthy ? { written: this.#written, synced: this.#synced } : undefined;
  }

  /** Resolves when everything written so far is on the disk; rejects when that fails. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: Error | undefined): void => (error === undefined ? resolve() : reject(error));
      if (this.#closed || !this.healthy) return settle(notWritable());
      this.#syncCallers.push({ offset: this.#written, settle });
      if (!this.#syncing) this.#sync();
    });
  }

  /**
   * Continues in another file, the increment `sequence`, which is open for appending and empty. What the disk does not
   * have yet of the present file is synced in the background, before anything of the new file. With `always`, replies
   * wait for both. A caller awaits `sync` first, so that little is left. Throws when the log is not healthy; then it stays
   * in its file.
   */
  switchTo(descriptor: number, sequence: number): void {
    if (this.#closed || !this.healthy || this.#previous !== undefined) throw notWritable();
    // A file without any write has nothing to lose: then the new file follows the one before it.
    if (this.sizeBytes > 0) {
      this.#opening = predecessorAnnotation({ sequence: this.#sequence, bytes: this.sizeBytes, sum: this.#sum });
    }
    this.#sequence = sequence;
    this.#sum = 0;
    this.#previous = this.#descriptor;
    this.#descriptor = descriptor;
    this.#fileStart = this.#written;
    if (!this.#syncing) this.#sync();
  }

  get isSyncing(): boolean {
    return this.#syncing;
  }

  /** How often a second went by without a sync, because the disk had not yet ended the one before. */
  get delayedSyncs(): number {
    return this.#delayedSyncs;
  }

  get healthy(): boolean {
    return this.unwritten.isEmpty && !this.#syncFailed;
  }

  write(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (!this.healthy) {
      if (this.#brokeInTurn) this.#turnLost = true;
      this.unwritten.append(this.#withChecksum(bytes));
      return;
    }
    const left = this.#append(this.#withChecksum(bytes));
    if (left.length > 0) this.unwritten.append(left);
    else if (this.#mustSync && !this.#syncing) this.#sync();
  }

  /** With `always` all is synced at once: also what no client of this server waits for, but a primary. */
  get #mustSync(): boolean {
    return this.syncPolicy === "always" && this.healthy && this.#synced < this.#written;
  }

  #withChecksum(bytes: Uint8Array): Uint8Array {
    if (!this.#options.checksums) return bytes;
    let covered = bytes;
    if (this.#opening !== "") {
      covered = Buffer.concat([Buffer.from(this.#opening, "latin1"), bytes]);
      this.#opening = "";
    }
    const annotation = checksumAnnotation(covered);
    this.#sum = addToSum(this.#sum, checksumOf(annotation));
    const whole = new Uint8Array(covered.length + annotation.length);
    whole.set(covered);
    whole.set(Buffer.from(annotation, "latin1"), covered.length);
    return whole;
  }

  /** Writes all bytes, or removes the part that was written. Gives what must be tried again. */
  #append(bytes: Uint8Array): Uint8Array {
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(this.#descriptor, bytes, done, bytes.length - done);
      this.#written += bytes.length;
      return bytes.subarray(done);
    } catch (error) {
      this.#writeFailed(error);
      return this.#takeBack(done) ? bytes : bytes.subarray(done);
    }
  }

  #writeFailed(error: unknown): void {
    this.#environment.report("error", "the append-only file cannot be written; writes are refused", error);
    this.#turnLost = true;
    this.onFailure(refusal(error));
    this.#retryTimer ??= setTimeout(() => this.#retry(), retryMs);
  }

  /**
   * Removes the beginning of a write that failed half-way. False when that is impossible: then the rest must follow it.
   */
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
    let left = 0;
    while (left === 0 && !this.unwritten.isEmpty) {
      const { first } = this.unwritten;
      left = this.#append(first).length;
      this.unwritten.took(first.length - left);
    }
    // No turn has written this: the replies of the next one must not suffer for it.
    this.#turnLost = false;
    if (this.#syncFailed || !this.unwritten.isEmpty) return;
    this.#environment.report("notice", "the append-only file can be written again");
    this.onFailure(undefined);
  }

  /**
   * Calls back once everything written so far is as safe as the policy promises: at once, or after the next sync.
   * `safe` is false when the turn's write failed, or the sync that it waits for: then nothing of the turn may be
   * acknowledged. The replies of later turns are sent, because those turns only read: writes are refused from then on.
   */
  whenSafe(callback: (safe: boolean) => void): void {
    const safe = this.healthy || !this.#turnLost;
    const mustSync = this.#mustSync;
    const last = this.#waiters.at(-1);
    if (!mustSync && last === undefined) return callback(safe);
    // Replies are sent in the order of the turns, so a turn that need not wait for the disk waits for the turns before
    // it.
    const offset = mustSync ? this.#written : (last as Waiter).offset;
    this.#waiters.push({ offset, safe, callback });
    if (!this.#syncing) this.#sync();
  }

  turnEnded(): void {
    this.#turnLost = false;
    this.#brokeInTurn = false;
  }

  #syncEverySecond(): void {
    if (this.syncPolicy === "no" || this.#synced >= this.#written || this.#syncFailed) return;
    if (!this.#syncing) {
      this.#sync();
      return;
    }
    // With `always`, replies wait for the sync.
    if (this.syncPolicy !== "everysec") return;
    this.#delayedSyncs++;
    if (++this.#secondsBehind !== reportedAfterSeconds) return;
    this.#environment.report(
      "warning",
      `the disk is slow: a sync of the append-only file runs for over ${reportedAfterSeconds} seconds. A loss of power would ` +
        "lose all that was written since it began",
    );
  }

  /** Syncs the files in their order: after a power failure no later bytes may be there without the earlier ones. */
  #sync(): void {
    this.#syncing = true;
    const upTo = this.#written;
    const current = this.#descriptor;
    const previous = this.#previous;
    if (previous === undefined) {
      fdatasync(current, (error) => this.#syncEnded(upTo, error));
      return;
    }
    fdatasync(previous, (error) => {
      if (this.#closed || (error !== null && error !== undefined)) {
        this.#syncEnded(upTo, error);
        return;
      }
      this.#previous = undefined;
      close(previous, (failure) => {
        if (failure) this.#environment.report("warning", cannotClose, failure);
      });
      fdatasync(current, (failure) => this.#syncEnded(upTo, failure));
    });
  }

  #syncEnded(upTo: number, error: Error | null | undefined): void {
    this.#syncing = false;
    if (this.#secondsBehind >= reportedAfterSeconds) {
      this.#environment.report("notice", `a sync of the append-only file ended ${this.#secondsBehind} seconds late`);
    }
    this.#secondsBehind = 0;
    if (this.#closed) {
      this.#closeFiles();
      return;
    }
    if (error !== null && error !== undefined) {
      this.#syncBroke(error);
      return;
    }
    this.#synced = Math.max(this.#synced, upTo);
    while (this.#waiters.length > 0 && (this.#waiters[0] as Waiter).offset <= upTo) this.#serveFirst(true);
    if (this.#previous === undefined) this.#serveSyncCallers(upTo);
    this.onSynced();
    const isAwaited = this.#waiters.length + this.#syncCallers.length > 0 || this.#mustSync;
    if ((isAwaited || this.#previous !== undefined) && !this.#syncing && !this.#closed) this.#sync();
  }

  #serveFirst(synced: boolean): void {
    const { safe, callback } = this.#waiters.shift() as Waiter;
    callback(safe && synced);
  }

  /**
   * After a failed sync the system may have dropped the pages that it could not write, and a later sync would report
   * success. So nothing can be promised until the server is restarted.
   */
  #syncBroke(error: Error): void {
    if (this.#syncFailed) return;
    this.#environment.report("error", "the append-only file cannot be synced; writes are refused until restart", error);
    this.#syncFailed = true;
    this.#brokeInTurn = true;
    this.onFailure(refusal(error));
    while (this.#waiters.length > 0) this.#serveFirst(false);
    this.#refuseSyncCallers(error);
  }

  #serveSyncCallers(upTo: number): void {
    while (this.#syncCallers.length > 0 && (this.#syncCallers[0] as SyncCaller).offset <= upTo) {
      this.#syncCallers.shift()?.settle(undefined);
    }
  }

  #refuseSyncCallers(error: Error): void {
    for (const { settle } of this.#syncCallers.splice(0)) settle(error);
  }

  /** Writes what is left if that is possible now, syncs and closes. All waiting turns are called back. */
  close(): void {
    clearInterval(this.#everySecond);
    clearTimeout(this.#retryTimer);
    if (!this.unwritten.isEmpty) this.#retry();
    clearTimeout(this.#retryTimer);
    const synced = this.#syncNow();
    while (this.#waiters.length > 0) this.#serveFirst(synced);
    // A paused script, for example, may still run. It must not write to a file that reuses this descriptor.
    this.#closed = true;
    this.#refuseSyncCallers(notWritable());
    if (!this.#syncing) this.#closeFiles();
  }

  #syncNow(): boolean {
    if (!this.healthy) return false;
    if (this.#synced >= this.#written) return true;
    try {
      for (const file of this.#files) fdatasyncSync(file);
      this.#synced = this.#written;
      return true;
    } catch (error) {
      this.#environment.report("error", "the append-only file cannot be synced at the end", error);
      return false;
    }
  }

  /** In their order. */
  get #files(): readonly number[] {
    return this.#previous === undefined ? [this.#descriptor] : [this.#previous, this.#descriptor];
  }

  /**
   * Not while a sync is running, which uses a descriptor on another thread. The files have been synced before, or their
   * failure is known: an error here concerns no data.
   */
  #closeFiles(): void {
    for (const file of this.#files) {
      try {
        closeSync(file);
      } catch (error) {
        this.#environment.report("warning", cannotClose, error);
      }
    }
    this.onClosed();
  }
}

const cannotClose = "a file of the append-only log cannot be closed";
