import { closeSync, fsyncSync, ftruncateSync, openSync } from "node:fs";
import type { Services } from "../../dispatch/context.ts";
import type { LogStorage, StreamPosition } from "../../dispatch/ports.ts";
import { AppendOnlyFile, type AppendOnlyFileOptions } from "./append-only-file.ts";
import { CommandLog } from "./command-log.ts";
import { checksumOf } from "./log-checksum.ts";
import { emptyLog, type LogEnd, LogFolder } from "./log-folder.ts";
import type { LogExtension } from "./log-extension.ts";
import { openIncrement } from "./log-names.ts";
import { appendCarriedOver, LogRewriter } from "./log-rewriter.ts";
import type { ManifestEntry } from "./manifest-text.ts";
import { addToSum, type IncrementEnd } from "./predecessor.ts";
import { positionMark } from "./position-mark.ts";
import type { OpenLog, RewrittenLog } from "./open-log.ts";
import { removeUnneeded } from "../../remove-unneeded.ts";
import { writeFileNow } from "../snapshot/snapshot-file.ts";
import { writeAll } from "../../write-all.ts";

/** The append-only log of a server: loads and continues it, begins and ends it at run time, and has it rewritten. */
export class AppendOnlyLog implements LogStorage, RewrittenLog {
  readonly rewriter: LogRewriter;
  /** Where replication stood when the log ended that was loaded at the start. */
  loadedPosition: StreamPosition | undefined;
  readonly #server: Services;
  readonly #extension: LogExtension;
  #open: OpenLog | undefined;
  /** Resolves when the previous log has ended, whose folder is still locked. */
  #ending: Promise<void> | undefined;

  constructor(server: Services, extension: LogExtension) {
    this.#server = server;
    this.#extension = extension;
    this.rewriter = new LogRewriter(server, this, extension);
    const { settings } = server;
    settings.onChange("appendfsync", () => {
      if (this.#open !== undefined) this.#open.file.syncPolicy = settings.values.appendfsync;
    });
  }

  get isOn(): boolean {
    return this.#open !== undefined;
  }

  get current(): OpenLog | undefined {
    return this.#open;
  }

  get bytes(): number {
    return this.#open === undefined ? 0 : this.#open.bytesBefore + this.#open.file.sizeBytes;
  }

  get progress(): LogStorage["progress"] {
    return this.#open?.draft === undefined ? this.#open?.file.progress : undefined;
  }

  sync(): Promise<void> {
    return this.#open?.file.sync() ?? Promise.reject(new Error("there is no log"));
  }

  get unwrittenBytes(): number {
    return this.#open?.file.unwritten.bytes ?? 0;
  }

  get takesMore(): boolean {
    return this.#open?.file.unwritten.takesMore ?? true;
  }

  get isSyncing(): boolean {
    return this.#open?.file.isSyncing ?? false;
  }

  get delayedSyncs(): number {
    return this.#open?.file.delayedSyncs ?? 0;
  }

  get lastCutCopy(): string {
    return this.#open?.folder.cutCopy ?? "";
  }

  get options(): AppendOnlyFileOptions {
    const { values } = this.#server.settings;
    return {
      folder: values.dir,
      logFolder: values.appenddirname,
      fileName: values.appendfilename,
      syncPolicy: values.appendfsync,
      loadTruncated: values["aof-load-truncated"],
      checksums: values["aof-checksum"],
    };
  }

  /**
   * Loads the folder's log into an empty server, and logs to it from now on. Throws what LogFolder throws; then nothing
   * on the disk has been changed. When there is no log yet, `importFirst` is called. It returns whether it has put data
   * into the server, with which the log must begin.
   */
  open(importFirst: () => boolean): void {
    const folder = new LogFolder(this.options);
    try {
      folder.findOldLog();
      const isImported = folder.isEmpty && importFirst();
      const end = folder.load(this.#server, this.#extension);
      this.loadedPosition = end.position;
      folder.prepare();
      if (isImported) this.#beginWithDataset(folder);
      const { sequence } = folder.lastIncrement;
      const descriptor = openSync(folder.pathOf(folder.lastIncrement), "a");
      const closing = this.#closeChecksum(descriptor, end);
      const sum = closing === "" ? end.sum : addToSum(end.sum, checksumOf(closing));
      this.#begin(folder, descriptor, { ...end, sequence, sum, bytes: end.bytes + closing.length });
      this.rewriter.baseBytes = this.bytes;
    } catch (error) {
      folder.release();
      throw error;
    }
  }

  /** Covers the end of a loaded log with a checksum. Returns its line. Throws the system's error; then none is there. */
  #closeChecksum(descriptor: number, { bytes, closingChecksum }: LogEnd): string {
    if (!this.options.checksums || closingChecksum === undefined) return "";
    try {
      writeAll(descriptor, Buffer.from(closingChecksum, "latin1"));
      return closingChecksum;
    } catch (error) {
      ftruncateSync(descriptor, bytes);
      closeSync(descriptor);
      throw error;
    }
  }

  /** Begins the log with the present dataset, while every client waits. Its first increment gets `ending`. */
  #beginWithDataset(folder: LogFolder, draft?: ManifestEntry, ending?: Uint8Array): void {
    const base = folder.nextBase(this.rewriter.extension);
    writeFileNow(this.#server, folder.pathOf(base), this.rewriter.form);
    const first = folder.nextIncrement(draft);
    const descriptor = openSync(folder.pathOf(first), "w");
    const log = new CommandLog({ write: (bytes) => writeAll(descriptor, bytes) });
    appendCarriedOver(this.#extension, log);
    log.flush();
    if (ending !== undefined) writeAll(descriptor, ending);
    fsyncSync(descriptor);
    closeSync(descriptor);
    folder.replaceBaseNow(base, first);
  }

  #begin(folder: LogFolder, descriptor: number, end: IncrementEnd): OpenLog {
    const server = this.#server;
    const file = new AppendOnlyFile(server.environment, this.options, descriptor, end);
    file.onFailure = (refusal) => server.changes.setFailure(refusal);
    file.onSynced = () => server.replication?.logSynced();
    const commands = new CommandLog(file, () => this.#extension.closing?.() ?? "");
    const open: OpenLog = { folder, file, commands, bytesBefore: folder.bytes - end.bytes, draft: undefined };
    this.#open = open;
    server.changes.attach(commands, file);
    return open;
  }

  /**
   * Begins to log at run time. Changes from now on are logged, and the present dataset is written in the background.
   * Throws what LogFolder throws, and the system's error.
   */
  enable(): void {
    if (this.#open !== undefined) return;
    if (this.#ending !== undefined) {
      void this.#ending.then(() => this.#enableAgain());
      return;
    }
    const folder = new LogFolder(this.options);
    try {
      folder.prepare();
      const draft = folder.nextIncrement();
      const descriptor = openIncrement(folder.draftPathOf(draft));
      const open = this.#begin(folder, descriptor, { ...emptyLog, sequence: draft.sequence });
      open.bytesBefore = 0;
      open.draft = draft;
    } catch (error) {
      folder.release();
      throw error;
    }
    this.rewriter.begin();
  }

  /** Logging was turned off, and turned on again before the old log was closed. */
  #enableAgain(): void {
    const { settings, environment } = this.#server;
    if (!settings.values.appendonly) return;
    try {
      this.enable();
    } catch (error) {
      environment.report("error", "the append-only file cannot be begun: changes are not logged", error);
    }
  }

  /** Ends logging at run time. The folder keeps the log up to this moment. */
  disable(): void {
    const open = this.#open;
    if (open === undefined) return;
    const settled = this.rewriter.cancel();
    this.#ending = this.#end(open, settled).finally(() => {
      this.#ending = undefined;
    });
    if (open.draft !== undefined) removeUnneeded(this.#server.environment, open.folder.draftPathOf(open.draft));
    this.#server.replication?.logSynced();
  }

  /**
   * Runs `replace`, which puts another dataset into the server, and begins the log anew with that. Until then the folder
   * keeps the log of the old data. When `replace` throws, nothing is logged any more.
   */
  replaceDataset(replace: () => void): void {
    const { environment, settings } = this.#server;
    this.disable();
    replace();
    if (!settings.values.appendonly) return;
    try {
      this.enable();
    } catch (error) {
      environment.report("error", "the append-only file cannot be begun: changes are not logged", error);
    }
  }

  /** Syncs and closes the log when the server ends. Resolves when all file operations have ended. */
  async close(): Promise<void> {
    const open = this.#open;
    const settled = this.rewriter.cancel();
    if (open === undefined) {
      await settled;
      return;
    }
    this.#server.changes.flush();
    const mark = Buffer.from(this.#positionMark, "latin1");
    if (open.draft !== undefined && !this.rewriter.isFinishing) this.#finishDraft(open, open.draft, mark);
    else if (mark.length > 0) open.file.write(mark);
    await this.#end(open, settled);
  }

  /** With this, the next start goes on with replication from here. Half of a script is at no place of the stream. */
  get #positionMark(): string {
    const { execution, replication } = this.#server;
    const position = execution.isAtRest ? replication?.mark() : undefined;
    return position === undefined ? "" : positionMark(position);
  }

  /** A log that has only just begun is useless without its base, so the base is written now. */
  #finishDraft(open: OpenLog, draft: ManifestEntry, ending: Uint8Array): void {
    try {
      this.#beginWithDataset(open.folder, draft, ending);
      open.draft = undefined;
      removeUnneeded(this.#server.environment, open.folder.draftPathOf(draft));
    } catch (error) {
      this.#server.environment.report("error", "the append-only file could not be begun", error);
    }
  }

  async #end(open: OpenLog, settled: Promise<void>): Promise<void> {
    const server = this.#server;
    server.changes.flush();
    const closed = new Promise<void>((resolve) => {
      open.file.onClosed = resolve;
    });
    open.file.close();
    this.#open = undefined;
    server.changes.detach();
    await closed;
    await settled;
    // Not before the last file operation, because another server may take over the log at once.
    open.folder.release();
  }

  reload(): void {
    const { changes, keyspace } = this.#server;
    changes.flush();
    const folder = this.#open?.folder ?? new LogFolder(this.options);
    try {
      // The loaded commands are in the log already.
      changes.without(() => {
        for (const database of keyspace.databases) database.flush();
        folder.load(this.#server, this.#extension);
      });
    } finally {
      if (this.#open === undefined) folder.release();
    }
  }
}
