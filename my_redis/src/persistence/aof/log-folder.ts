import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Services } from "../../dispatch/context.ts";
import type { StreamPosition } from "../../dispatch/ports.ts";
import type { AppendOnlyFileOptions } from "./append-only-file.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import type { LogExtension } from "./log-extension.ts";
import { LogLoadError } from "./log-load-error.ts";
import { type IncompleteEnd, type LoadResult, loadLog } from "./log-loader.ts";
import { LoadedIncrements } from "./loaded-increments.ts";
import type { IncrementEnd } from "./predecessor.ts";
import { draftName, LogNames, sizeOf } from "./log-names.ts";
import { cutWithCopy, refuseDamagedEnd, refuseOtherSize } from "./log-tail.ts";
import { liveEntries, type ManifestEntry, ManifestError } from "./manifest-text.ts";
import { readManifest, replaceManifest, writeManifest } from "./manifest.ts";
import { syncFile, syncFolder } from "../replaced-file.ts";
import { reasonOf } from "../../system-error.ts";

/** The place at which a loaded log is continued. */
export interface LogEnd extends Omit<IncrementEnd, "sequence"> {
  /** The annotation for the uncovered bytes at its end. */
  readonly closingChecksum: string | undefined;
  /** Where replication stood at its orderly end. */
  readonly position: StreamPosition | undefined;
}

export const emptyLog: LogEnd = {
  bytes: 0,
  sum: 0,
  predecessor: undefined,
  closingChecksum: undefined,
  position: undefined,
};

/** The folder of the log cannot be used. */
export class LogFolderError extends Error {}

/** The folder of an append-only log, locked for this process: its manifest and the files that it names. */
export class LogFolder {
  readonly path: string;
  /** The copy of an end that was cut off when the log was loaded. */
  cutCopy: string | undefined;
  readonly #options: AppendOnlyFileOptions;
  readonly #names: LogNames;
  readonly #lock: FolderLock;
  #entries: readonly ManifestEntry[];
  #isChecked: boolean;
  #hasManifest: boolean;
  /** A log of one file beside the folder, as Redis wrote it before version 7, until it is taken into the folder. */
  #oldLog: ManifestEntry | undefined;

  /**
   * Throws FolderInUseError while another server uses the log, ManifestError, LogFolderError, and the system's error;
   * then nothing on the disk has been changed.
   */
  constructor(options: AppendOnlyFileOptions) {
    this.#options = options;
    this.path = join(options.folder, options.logFolder);
    this.#names = new LogNames(this.path, options.fileName);
    if (statSync(this.path, { throwIfNoEntry: false })?.isDirectory() === false) {
      throw new LogFolderError(`${this.path} is a file, not a folder: move it away, or choose another appenddirname`);
    }
    this.#makeFolder();
    this.#lock = lockFolder(this.path);
    try {
      const manifest = readManifest(this.#names);
      this.#isChecked = manifest?.isChecked ?? true;
      this.#entries = manifest?.entries ?? [];
      this.#hasManifest = manifest !== undefined;
    } catch (error) {
      this.release();
      throw error;
    }
  }

  #makeFolder(): void {
    const { folder, logFolder } = this.#options;
    try {
      if (mkdirSync(this.path, { recursive: true }) !== undefined) syncFile(folder);
    } catch (error) {
      throw new LogFolderError(`appenddirname '${logFolder}' in dir '${folder}': ${reasonOf(error)}`, { cause: error });
    }
  }

  /** Unlocks the folder for other processes. */
  release(): void {
    this.#lock.release();
  }

  /** When the system fails after the manifest was replaced, the new one is nevertheless the one that counts. */
  #write(entries: readonly ManifestEntry[]): void {
    writeManifest(this.#names.manifestPath, entries);
    this.#entries = entries;
    syncFile(this.path);
  }

  /** As `#write`, in the background. */
  async #replace(entries: readonly ManifestEntry[]): Promise<void> {
    await replaceManifest(this.#names.manifestPath, entries);
    this.#entries = entries;
    await syncFolder(this.path);
  }

  /** The files of the log, in the order in which they are loaded. */
  get live(): readonly ManifestEntry[] {
    return this.#oldLog === undefined ? liveEntries(this.#entries) : [this.#oldLog];
  }

  get isEmpty(): boolean {
    return this.live.length === 0;
  }

  pathOf(entry: ManifestEntry): string {
    return entry === this.#oldLog ? this.#oldPath : join(this.path, entry.file);
  }

  /** The file of an increment that no manifest names yet: the increment of a log without a base. */
  draftPathOf(entry: ManifestEntry): string {
    return join(this.path, draftName(entry));
  }

  /** Bytes of all files of the log. */
  get bytes(): number {
    return this.live.reduce((total, entry) => total + sizeOf(this.pathOf(entry)), 0);
  }

  get #oldPath(): string {
    return join(this.#options.folder, this.#options.fileName);
  }

  /**
   * Loads a log from before Redis 7, if there is one and no newer log. Only for a start: a log that is begun at run time
   * holds the present data, and leaves an old file alone, as redis-server does.
   */
  findOldLog(): void {
    const { fileName: file } = this.#options;
    if (!existsSync(this.#oldPath)) return;
    const [base] = this.#entries;
    const isHalfMoved =
      this.#entries.length === 1 && base?.type === "b" && base.file === file && !existsSync(join(this.path, file));
    if (this.isEmpty || isHalfMoved) this.#oldLog = { file, sequence: 1, type: "b" };
  }

  /**
   * Makes the folder ready for new files. An old log becomes the base. A crash before the first file is named then
   * leaves a manifest that names nothing, instead of a doubt.
   */
  prepare(): void {
    if (this.#oldLog !== undefined) this.#moveOldLog(this.#oldLog);
    else if (!this.#hasManifest) this.#write([]);
    this.#hasManifest = true;
    this.removeLeftovers();
  }

  /**
   * The manifest is written first. If a start is interrupted between the two steps, the next one finds the file in its
   * old place and moves it.
   */
  #moveOldLog(entry: ManifestEntry): void {
    this.#write([entry]);
    renameSync(this.#oldPath, join(this.path, entry.file));
    this.#oldLog = undefined;
    syncFile(this.path);
    syncFile(this.#options.folder);
  }

  /** The increment to continue: the last one. If there is none, the first one is created and added to the manifest. */
  get lastIncrement(): ManifestEntry {
    return this.live.findLast((entry) => entry.type === "i") ?? this.#addIncrement();
  }

  #addIncrement(): ManifestEntry {
    const added = this.nextIncrement();
    closeSync(openSync(this.pathOf(added), "a"));
    this.#write([...this.#entries, added]);
    return added;
  }

  /** The increment after the last one, or after `draft`, which the manifest does not name. */
  nextIncrement(draft?: ManifestEntry): ManifestEntry {
    return this.#names.increment((draft?.sequence ?? this.#lastSequence("i")) + 1);
  }

  /** The base after the present one, as a snapshot or as commands. */
  nextBase(form: "rdb" | "aof"): ManifestEntry {
    return this.#names.base(this.#lastSequence("b") + 1, form);
  }

  #lastSequence(type: "b" | "i"): number {
    // History entries were bases or increments, and still have their numbers.
    const numbers = this.#entries.filter((entry) => entry.type !== other[type]).map(({ sequence }) => sequence);
    return Math.max(0, ...numbers);
  }

  /** Adds an increment to the manifest. */
  async append(increment: ManifestEntry): Promise<void> {
    await syncFolder(this.path);
    await this.#replace([...this.#entries, increment]);
  }

  /** Gives an increment that no manifest names yet its final name. */
  async nameDraft(draft: ManifestEntry): Promise<void> {
    if (existsSync(this.draftPathOf(draft))) await rename(this.draftPathOf(draft), this.pathOf(draft));
  }

  /** Whether the manifest names this file. */
  isNamed({ file }: ManifestEntry): boolean {
    return this.#entries.some((entry) => entry.file === file);
  }

  /**
   * Replaces the base and all increments before `first` by a new base, atomically. The replaced files become history,
   * which `dropHistory` removes.
   */
  async replaceBase(base: ManifestEntry, first: ManifestEntry | undefined): Promise<void> {
    await syncFolder(this.path);
    await this.#replace(this.#withBase(base, first));
  }

  /** Removes the history files. If a crash interrupts that, the next start removes the rest. */
  async dropHistory(): Promise<void> {
    const entries = this.#entries;
    for (const entry of entries) if (entry.type === "h") await rm(this.pathOf(entry), { force: true });
    await this.#replace(entries.filter((entry) => entry.type !== "h"));
  }

  /** As `replaceBase`, while every client waits. */
  replaceBaseNow(base: ManifestEntry, first: ManifestEntry): void {
    syncFile(this.path);
    this.#write(this.#withBase(base, first));
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
    const whole = { ...base, bytes: sizeOf(this.pathOf(base)) };
    return first === undefined ? [whole, ...history] : [whole, ...history, first, ...kept];
  }

  /**
   * Removes what a crash has left: history, and files that were not complete. Files of data that the manifest does not
   * name are kept.
   */
  removeLeftovers(): void {
    // Without a checksum, history waits until the next rewrite has written a new base.
    if (this.#isChecked) this.removeHistory();
    for (const name of this.#names.temporary()) rmSync(join(this.path, name), { force: true });
  }

  removeHistory(): void {
    const live = this.#entries.filter((entry) => entry.type !== "h");
    if (live.length === this.#entries.length) return;
    for (const entry of this.#entries) if (entry.type === "h") rmSync(this.pathOf(entry), { force: true });
    this.#write(live);
  }

  /**
   * Loads the log into an empty server. Throws LogLoadError and RdbLoadError when a file is missing, corrupt, or cut
   * off where that is not allowed; then nothing on the disk has been changed.
   */
  load(server: Services, extension: LogExtension): LogEnd {
    const { environment, execution, keyspace } = server;
    const startedMs = environment.monotonicMs();
    const { live } = this;
    this.#reportDoubts(server);
    let end = emptyLog;
    let commands = 0;
    let keys = 0;
    const increments = new LoadedIncrements();
    keyspace.expires = false;
    try {
      execution.asLoading(() => {
        for (const entry of live) {
          const predecessor = increments.last;
          const loaded = this.#loadFile(server, extension, entry, increments);
          commands += loaded.commands;
          keys += loaded.keys;
          const isLastIncrement = entry === live.at(-1) && entry.type === "i";
          const { goodBytes: bytes, sum, closingChecksum, position } = loaded;
          end = isLastIncrement ? { bytes, sum, predecessor, closingChecksum, position } : emptyLog;
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

  #reportDoubts({ environment }: Services): void {
    const { missing } = this.#lock;
    if (missing !== undefined) {
      environment.report("warning", `${this.path} is not locked: no other server may use it. Reason: ${missing}`);
    }
    for (const name of this.#names.unnamed(this.#entries)) {
      environment.report(
        "warning",
        `${join(this.path, name)} is not named in the manifest: it is kept, and not loaded`,
      );
    }
  }

  #loadFile(server: Services, extension: LogExtension, entry: ManifestEntry, increments: LoadedIncrements): LoadResult {
    const path = this.pathOf(entry);
    if (!existsSync(path)) throw new ManifestError(this.#names.manifestPath, ` names ${path}, which is missing`);
    refuseOtherSize(path, entry.bytes);
    const loaded = loadLog(server, extension, path, increments);
    if (loaded.incomplete !== undefined) this.#cutEnd(server, entry, loaded.goodBytes, loaded.incomplete);
    if (entry.type === "i") increments.add(entry.sequence, path, loaded);
    return loaded;
  }

  #cutEnd(server: Services, entry: ManifestEntry, goodBytes: number, end: IncompleteEnd): void {
    const path = this.pathOf(entry);
    refuseDamagedEnd(path, goodBytes, end);
    const refuse = (reason: string): never => {
      const problem = `the file ends in the middle of a command, ${reason}`;
      throw new LogLoadError({ path, offset: goodBytes, goodBytes, problem });
    };
    const { live } = this;
    const later = live.slice(live.indexOf(entry) + 1);
    // Later files that are still empty do not count: this one is in fact the end of the log.
    if (later.some((next) => sizeOf(this.pathOf(next)) > 0)) refuse("and it is not the last file of the log");
    // A base gets its name when it is complete. Only a log from before Redis 7 continues in its base.
    if (entry.type === "b" && entry.file !== this.#options.fileName)
      refuse("and it is a base, which was complete once");
    if (!this.#options.loadTruncated) refuse("and 'aof-load-truncated' is 'no'");
    const names = entry === this.#oldLog ? new LogNames(this.#options.folder, this.#options.fileName) : this.#names;
    this.cutCopy = cutWithCopy(path, goodBytes, names, server.environment);
    const place = `${path}: the file ends in the middle of a command, after offset ${goodBytes}`;
    server.environment.report("warning", `${place}; cut there. What was cut off is kept in ${this.cutCopy}`);
  }
}

const other = { b: "i", i: "b" } as const;
