import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Services } from "../../dispatch/context.ts";
import type { AppendOnlyFileOptions } from "./append-only-file.ts";
import { lockFolder } from "./folder-lock.ts";
import type { LogExtension } from "./log-extension.ts";
import { type LoadResult, loadLog, LogLoadError } from "./log-loader.ts";
import { type ManifestEntry, readManifest, replaceManifest, syncFile, syncFolder, writeManifest } from "./manifest.ts";

/** The place at which a loaded log is continued. */
export interface LogEnd {
  /** Bytes of the last increment; 0 when there is none. */
  readonly bytes: number;
  /** The annotation for the uncovered bytes at its end. */
  readonly closingChecksum: string | undefined;
}

const emptyLog: LogEnd = { bytes: 0, closingChecksum: undefined };

/** The folder of an append-only log, locked for this process: its manifest and the files that it names. */
export class LogFolder {
  readonly path: string;
  readonly #options: AppendOnlyFileOptions;
  readonly #manifestPath: string;
  readonly #unlock: () => void;
  #entries: readonly ManifestEntry[];

  /**
   * Throws FolderInUseError while another server uses the log, and ManifestError; then nothing on the disk has been
   * changed.
   */
  constructor(options: AppendOnlyFileOptions) {
    this.#options = options;
    this.path = join(options.folder, options.logFolder);
    this.#manifestPath = join(this.path, `${options.fileName}.manifest`);
    if (mkdirSync(this.path, { recursive: true }) !== undefined) syncFile(options.folder);
    this.#unlock = lockFolder(this.path);
    try {
      this.#entries = existsSync(this.#manifestPath) ? readManifest(this.#manifestPath) : this.#nameOldLog();
      this.#moveOldLog();
    } catch (error) {
      this.#unlock();
      throw error;
    }
  }

  /** Unlocks the folder for other processes. */
  release(): void {
    this.#unlock();
  }

  /** The files of the log, in the order in which they are loaded. */
  get live(): readonly ManifestEntry[] {
    return this.#entries.filter((entry) => entry.type !== "h").toSorted(loadOrder);
  }

  get isEmpty(): boolean {
    return this.live.length === 0;
  }

  pathOf(entry: ManifestEntry): string {
    return join(this.path, entry.file);
  }

  /** Bytes of all files of the log. */
  get bytes(): number {
    return this.live.reduce((total, entry) => total + sizeOf(this.pathOf(entry)), 0);
  }

  /** A log from before Redis 7 is one file beside the folder. It becomes the base. */
  #nameOldLog(): ManifestEntry[] {
    if (!existsSync(join(this.#options.folder, this.#options.fileName))) return [];
    const entries: ManifestEntry[] = [{ file: this.#options.fileName, sequence: 1, type: "b" }];
    writeManifest(this.#manifestPath, entries);
    return entries;
  }

  /**
   * The manifest is written first. If a start is interrupted between the two steps, the next one finds the file in its
   * old place and moves it.
   */
  #moveOldLog(): void {
    const { folder, fileName } = this.#options;
    const [base] = this.#entries;
    const target = join(this.path, fileName);
    if (this.#entries.length !== 1 || base?.type !== "b" || base.file !== fileName || existsSync(target)) return;
    const old = join(folder, fileName);
    if (!existsSync(old)) return;
    renameSync(old, target);
    syncFile(this.path);
  }

  /** The increment to continue: the last one. If there is none, the first one is created and added to the manifest. */
  get lastIncrement(): ManifestEntry {
    return this.live.findLast((entry) => entry.type === "i") ?? this.#addIncrement();
  }

  #addIncrement(): ManifestEntry {
    const added = this.nextIncrement();
    closeSync(openSync(this.pathOf(added), "a"));
    this.#entries = [...this.#entries, added];
    writeManifest(this.#manifestPath, this.#entries);
    return added;
  }

  /** The increment after the last one, or after `draft`, which the manifest does not name. */
  nextIncrement(draft?: ManifestEntry): ManifestEntry {
    const sequence = (draft?.sequence ?? this.#lastSequence("i")) + 1;
    return { file: `${this.#options.fileName}.${sequence}.incr.aof`, sequence, type: "i" };
  }

  /** The base after the present one, as a snapshot or as commands. */
  nextBase(form: "rdb" | "aof"): ManifestEntry {
    const sequence = this.#lastSequence("b") + 1;
    return { file: `${this.#options.fileName}.${sequence}.base.${form}`, sequence, type: "b" };
  }

  #lastSequence(type: "b" | "i"): number {
    // History entries were bases or increments, and still have their numbers.
    const numbers = this.#entries.filter((entry) => entry.type !== other[type]).map(({ sequence }) => sequence);
    return Math.max(0, ...numbers);
  }

  /** Adds an increment to the manifest. */
  async append(increment: ManifestEntry): Promise<void> {
    await syncFolder(this.path);
    const entries = [...this.#entries, increment];
    await replaceManifest(this.#manifestPath, entries);
    this.#entries = entries;
  }

  /**
   * Replaces the base and all increments before `first` by a new base, atomically. The replaced files become history,
   * which `dropHistory` removes.
   */
  async replaceBase(base: ManifestEntry, first: ManifestEntry | undefined): Promise<void> {
    await syncFolder(this.path);
    const entries = this.#withBase(base, first);
    await replaceManifest(this.#manifestPath, entries);
    this.#entries = entries;
  }

  /** Removes the history files. If a crash interrupts that, the next start removes the rest. */
  async dropHistory(): Promise<void> {
    const entries = this.#entries;
    for (const entry of entries) if (entry.type === "h") await rm(this.pathOf(entry), { force: true });
    const live = entries.filter((entry) => entry.type !== "h");
    await replaceManifest(this.#manifestPath, live);
    this.#entries = live;
  }

  /** As `replaceBase`, while every client waits. */
  replaceBaseNow(base: ManifestEntry, first: ManifestEntry): void {
    syncFile(this.path);
    this.#entries = this.#withBase(base, first);
    writeManifest(this.#manifestPath, this.#entries);
    this.removeHistory();
  }

  /** `first`: undefined when nothing is logged after the base. */
  #withBase(base: ManifestEntry, first: ManifestEntry | undefined): ManifestEntry[] {
    const history: ManifestEntry[] = [];
    const kept: ManifestEntry[] = [];
    for (const entry of this.#entries) {
      if (first === undefined || entry.type !== "i" || entry.sequence < first.sequence) {
        history.push({ ...entry, type: "h" });
      } else if (entry.sequence > first.sequence) {
        kept.push(entry);
      }
    }
    return first === undefined ? [base, ...history] : [base, ...history, first, ...kept];
  }

  /**
   * Removes what a crash has left: history, incomplete files of a rewrite, and bases and increments that were created
   * but not yet added to the manifest.
   */
  removeLeftovers(): void {
    this.removeHistory();
    if (this.isEmpty) return;
    for (const name of readdirSync(this.path)) {
      if (temporaryBase.test(name) || this.#isAhead(name)) rmSync(join(this.path, name), { force: true });
    }
  }

  #isAhead(name: string): boolean {
    const { fileName } = this.#options;
    if (!name.startsWith(`${fileName}.`)) return false;
    const [, sequence, type] = /^\.([0-9]+)\.(base|incr)\.(?:rdb|aof)$/.exec(name.slice(fileName.length)) ?? [];
    if (sequence === undefined) return false;
    return Number(sequence) > this.#lastSequence(type === "base" ? "b" : "i");
  }

  removeHistory(): void {
    const live = this.#entries.filter((entry) => entry.type !== "h");
    if (live.length === this.#entries.length) return;
    for (const entry of this.#entries) if (entry.type === "h") rmSync(this.pathOf(entry), { force: true });
    this.#entries = live;
    writeManifest(this.#manifestPath, live);
  }

  /**
   * Loads the log into an empty server. Throws LogLoadError and RdbLoadError when a file is missing, corrupt, or cut
   * off where that is not allowed; then nothing on the disk has been changed.
   */
  load(server: Services, extension: LogExtension): LogEnd {
    const { environment, execution, keyspace } = server;
    const startedMs = environment.monotonicMs();
    const { live } = this;
    let end = emptyLog;
    let commands = 0;
    let keys = 0;
    keyspace.expires = false;
    try {
      execution.asLoading(() => {
        for (const entry of live) {
          const loaded = this.#loadFile(server, extension, entry);
          commands += loaded.commands;
          keys += loaded.keys;
          const isLastIncrement = entry === live.at(-1) && entry.type === "i";
          end = isLastIncrement ? { bytes: loaded.goodBytes, closingChecksum: loaded.closingChecksum } : emptyLog;
        }
      });
    } finally {
      keyspace.expires = true;
    }
    const seconds = ((environment.monotonicMs() - startedMs) / 1000).toFixed(3);
    if (live.length === 0) return end;
    const snapshot = keys === 0 ? "" : `${keys} keys from a snapshot and `;
    environment.report("notice", `loaded ${snapshot}${commands} commands from the log in ${seconds} s`);
    return end;
  }

  #loadFile(server: Services, extension: LogExtension, entry: ManifestEntry): LoadResult {
    const path = this.pathOf(entry);
    if (!existsSync(path)) throw new LogLoadError(`${path} is named in the manifest, but is missing`);
    const loaded = loadLog(server, extension, path);
    if (loaded.truncated) this.#cutTail(server, entry, loaded.goodBytes);
    return loaded;
  }

  #cutTail(server: Services, entry: ManifestEntry, goodBytes: number): void {
    const path = this.pathOf(entry);
    const place = `${path}: the file ends in the middle of a command, after offset ${goodBytes}`;
    const { live } = this;
    const later = live.slice(live.indexOf(entry) + 1);
    // Later files that are still empty do not count: this one is in fact the end of the log.
    if (later.some((next) => sizeOf(this.pathOf(next)) > 0)) {
      throw new LogLoadError(`${place}, and it is not the last file of the log`);
    }
    if (!this.#options.loadTruncated) throw new LogLoadError(`${place}; 'aof-load-truncated yes' would cut it there`);
    server.environment.report("warning", `${place}; cut there`);
    truncateSync(path, goodBytes);
  }
}

const other = { b: "i", i: "b" } as const;

const loadOrder = (left: ManifestEntry, right: ManifestEntry): number =>
  left.type === right.type ? left.sequence - right.sequence : left.type === "b" ? -1 : 1;

/** Names of incomplete bases of a rewrite. */
const temporaryBase = /^temp-rewriteaof-[0-9]+\.aof$/;
export const temporaryBaseName = (processId: number): string => `temp-rewriteaof-${processId}.aof`;

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
