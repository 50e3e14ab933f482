import {
  closeSync,
  existsSync,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Environment } from "../environment.ts";
import type { LogSink } from "./command-log.ts";
import { checksumAnnotation } from "./log-checksum.ts";
import { loadLog, LogLoadError } from "./log-loader.ts";
import { type ManifestEntry, readManifest, writeManifest } from "./manifest.ts";
import type { Server } from "../server.ts";

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
  syncPolicy: SyncPolicy;
  readonly #environment: Environment;
  readonly #options: AppendOnlyFileOptions;
  readonly #descriptor: number;
  /** Bytes in the file, and how many of them are known to be on the disk. */
  #written: number;
  #synced: number;
  #syncing = false;
  #waiters: Waiter[] = [];
  /** What could not be written: the disk was full. Tried again, in order, before anything else. */
  #unwritten: Uint8Array[] = [];
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #syncFailed = false;
  /** The write of this turn failed: its replies must not go out. */
  #turnLost = false;
  #everySecond: ReturnType<typeof setInterval> | undefined;

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

  get sizeBytes(): number {
    return this.#written;
  }

  get healthy(): boolean {
    return this.#unwritten.length === 0 && !this.#syncFailed;
  }

  write(bytes: Uint8Array): void {
    if (!this.healthy) {
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
    if (done > 0) ftruncateSync(this.#descriptor, this.#written);
    this.#unwritten.unshift(bytes.slice());
    this.#turnLost = true;
    this.onFailure(refusal(error));
    this.#retryTimer ??= setTimeout(() => this.#retry(), retryMs);
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
    if (!this.healthy) {
      const lost = this.#turnLost;
      this.#turnLost = false;
      callback(!lost);
    } else if (this.syncPolicy !== "always" || this.#synced >= this.#written) {
      callback(true);
    } else {
      this.#waiters.push({ offset: this.#written, callback });
      if (!this.#syncing) this.#sync();
    }
  }

  #syncEverySecond(): void {
    if (this.syncPolicy !== "no" && !this.#syncing && this.#synced < this.#written && !this.#syncFailed) this.#sync();
  }

  #sync(): void {
    this.#syncing = true;
    const upTo = this.#written;
    fdatasync(this.#descriptor, (error) => {
      this.#syncing = false;
      if (error !== null && error !== undefined) {
        this.#syncBroke(error);
        return;
      }
      this.#synced = Math.max(this.#synced, upTo);
      const served = this.#waiters.filter((waiter) => waiter.offset <= upTo);
      this.#waiters = this.#waiters.filter((waiter) => waiter.offset > upTo);
      for (const waiter of served) waiter.callback(true);
      if (this.#waiters.length > 0 && !this.#syncing) this.#sync();
    });
  }

  /**
   * After a failed sync the system may have dropped the pages it could not write, and a later sync would say that all
   * is well: nothing can be promised until the server is started anew.
   */
  #syncBroke(error: unknown): void {
    this.#environment.report("error", "the append-only file cannot be synced; writes are refused until restart", error);
    this.#syncFailed = true;
    this.onFailure(refusal(error));
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.callback(false);
  }

  /** Syncs and closes. Whoever waits is answered. */
  close(): void {
    clearInterval(this.#everySecond);
    clearTimeout(this.#retryTimer);
    if (this.healthy && this.#synced < this.#written) fdatasyncSync(this.#descriptor);
    this.#synced = this.#written;
    for (const waiter of this.#waiters) waiter.callback(this.healthy);
    this.#waiters = [];
    closeSync(this.#descriptor);
  }
}

function refusal(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `MISCONF Errors writing to the AOF file: ${reason}`;
}

/**
 * Loads what the folder holds into an empty server and opens the log to go on with it. Throws LogLoadError when a file
 * is missing, corrupt or cut where that is not allowed; then nothing on the disk has been changed.
 */
export function openAppendOnlyFile(server: Server, options: AppendOnlyFileOptions): AppendOnlyFile {
  const folder = join(options.folder, options.logFolder);
  const manifestPath = join(folder, `${options.fileName}.manifest`);
  mkdirSync(folder, { recursive: true });
  const entries = existsSync(manifestPath) ? readManifest(manifestPath) : adoptOldLog(options, folder, manifestPath);
  const loaded = loadEntries(server, options, folder, entries);
  const last = entries.findLast((entry) => entry.type === "i") ?? addIncrement(options, entries, manifestPath);
  const descriptor = openSync(join(folder, last.file), "a");
  let length = loaded.bytes;
  if (options.checksums && loaded.closingChecksum !== undefined) {
    length += writeSync(descriptor, loaded.closingChecksum);
  }
  return new AppendOnlyFile(server.environment, options, descriptor, length);
}

/** A log of before Redis 7 is one file beside the folder: it becomes the base. */
function adoptOldLog(options: AppendOnlyFileOptions, folder: string, manifestPath: string): ManifestEntry[] {
  const old = join(options.folder, options.fileName);
  if (!existsSync(old)) return [];
  const entries: ManifestEntry[] = [{ file: options.fileName, sequence: 1, type: "b" }];
  renameSync(old, join(folder, options.fileName));
  writeManifest(manifestPath, entries);
  return entries;
}

function addIncrement(options: AppendOnlyFileOptions, entries: ManifestEntry[], manifestPath: string): ManifestEntry {
  const added: ManifestEntry = { file: `${options.fileName}.1.incr.aof`, sequence: 1, type: "i" };
  closeSync(openSync(join(manifestPath, "..", added.file), "a"));
  writeManifest(manifestPath, [...entries, added]);
  return added;
}

function loadEntries(
  server: Server,
  options: AppendOnlyFileOptions,
  folder: string,
  entries: readonly ManifestEntry[],
): { bytes: number; closingChecksum: string | undefined } {
  const live = entries.filter((entry) => entry.type !== "h").sort(loadOrder);
  let result: { bytes: number; closingChecksum: string | undefined } = { bytes: 0, closingChecksum: undefined };
  const startedMs = server.environment.monotonicMs();
  let commands = 0;
  server.loading = true;
  server.keyspace.expires = false;
  for (const entry of live) {
    const path = join(folder, entry.file);
    if (!existsSync(path)) throw new LogLoadError(`${path} is named in the manifest, but is not there`);
    const loaded = loadLog(server, path);
    commands += loaded.commands;
    if (loaded.truncated) cutTail(server, options, path, loaded.goodBytes, entry === live.at(-1));
    const isLastIncrement = entry === live.at(-1) && entry.type === "i";
    result = { bytes: isLastIncrement ? loaded.goodBytes : 0, closingChecksum: undefined };
    if (isLastIncrement) result.closingChecksum = loaded.closingChecksum;
  }
  server.loading = false;
  server.keyspace.expires = true;
  const seconds = ((server.environment.monotonicMs() - startedMs) / 1000).toFixed(3);
  if (live.length > 0) server.environment.report("notice", `loaded ${commands} commands from the log in ${seconds} s`);
  return result;
}

const loadOrder = (left: ManifestEntry, right: ManifestEntry): number =>
  left.type === right.type ? left.sequence - right.sequence : left.type === "b" ? -1 : 1;

function cutTail(server: Server, options: AppendOnlyFileOptions, path: string, goodBytes: number, last: boolean): void {
  const place = `${path}: the file ends in the middle of a command, after offset ${goodBytes}`;
  if (!last) throw new LogLoadError(`${place}, and it is not the last file of the log`);
  if (!options.loadTruncated) throw new LogLoadError(`${place}; 'aof-load-truncated yes' would cut it there`);
  server.environment.report("warning", `${place}; cut there`);
  truncateSync(path, goodBytes);
}
