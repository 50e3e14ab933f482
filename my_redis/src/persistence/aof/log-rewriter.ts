import { closeSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Services } from "../../dispatch/context.ts";
import type { LogRewriting } from "../../dispatch/ports.ts";
import { BackgroundFile } from "../background-file.ts";
import { BackgroundSnapshot, SnapshotCancelledError } from "../snapshot/background-snapshot.ts";
import type { CommandLog } from "./command-log.ts";
import { LogFolder } from "./log-folder.ts";
import type { LogExtension } from "./log-extension.ts";
import { openIncrement, temporaryBaseName } from "./log-names.ts";
import type { ManifestEntry } from "./manifest-text.ts";
import type { OpenLog, RewrittenLog } from "./open-log.ts";
import { removeUnneeded } from "../../remove-unneeded.ts";
import { beginFile, type FileForm } from "../snapshot/snapshot-file.ts";

/** While a script is half done, a rewrite waits and checks again after this. */
const restMs = 10;
/** After this many failures in a row the next rewrite is delayed, twice as long each time. */
const patientFailures = 3;
const firstDelayMs = 60_000;
const longestDelayMs = 3_600_000;
/** A log whose base could not be written is tried again after this. */
const draftRetryMs = 1000;

/** The steps of a rewrite, in this order. */
export type RewriteStep =
  | "increment named"
  | "increment begun"
  | "base written"
  | "base renamed"
  | "manifest replaced"
  | "history removed";

/** A running rewrite. */
interface Rewrite {
  readonly startedMs: number;
  work: BackgroundSnapshot | undefined;
  isCancelled: boolean;
  isFinishing: boolean;
}

/** A rewrite that is put off begins when the log has so many times the size at which it is due. */
const mostPutOff = 4;

/**
 * Rewrites the append-only log. At one moment, commands begin to go to a new increment, and the dataset of that moment
 * becomes the new base, which is written in the background. Whatever step a crash interrupts, the manifest names files
 * that contain everything.
 */
export class LogRewriter implements LogRewriting {
  /**
   * A rewrite begins as soon as no other file is being written in the background, and no transaction or script is half
   * done.
   */
  isScheduled = false;
  /** Bytes of the log after the last rewrite, or at the start if there was none. */
  baseBytes = 0;
  count = 0;
  failuresInRow = 0;
  /** Duration of the last rewrite in seconds; -1 before the first. */
  lastSeconds = -1;
  lastFailed = false;
  /** Called at each step, for tests that kill the process there. */
  onStep: (step: RewriteStep) => void = () => {};
  readonly #server: Services;
  readonly #log: RewrittenLog;
  readonly #extension: LogExtension;
  #rewrite: Rewrite | undefined;
  #settled: Promise<void> = Promise.resolve();
  #notBeforeMs = 0;
  #putOffUntilMs = 0;

  constructor(server: Services, log: RewrittenLog, extension: LogExtension) {
    this.#server = server;
    this.#log = log;
    this.#extension = extension;
  }

  /** By the monotonic clock; undefined while no rewrite is running. */
  get startedMs(): number | undefined {
    return this.#rewrite?.startedMs;
  }

  /** The manifest is being changed, which cannot be undone. */
  get isFinishing(): boolean {
    return this.#rewrite?.isFinishing === true;
  }

  /** The snapshot that is being written for a rewrite. */
  get work(): BackgroundSnapshot | undefined {
    return this.#rewrite?.work;
  }

  get form(): FileForm {
    return this.#server.settings.values["aof-use-rdb-preamble"] ? "base" : "commands";
  }

  get extension(): "rdb" | "aof" {
    return this.form === "base" ? "rdb" : "aof";
  }

  /** Begins a rewrite now, or as soon as that is possible; returns which. */
  begin(): "started" | "scheduled" {
    const { execution, keyspace, storage } = this.#server;
    const isBusy = keyspace.snapshot !== undefined || storage?.snapshots.inProgress === true;
    if (this.#rewrite !== undefined || isBusy || !execution.isAtRest) {
      this.isScheduled = true;
      return "scheduled";
    }
    this.isScheduled = false;
    const { environment } = this.#server;
    const rewrite: Rewrite = {
      startedMs: environment.monotonicMs(),
      work: undefined,
      isCancelled: false,
      isFinishing: false,
    };
    this.#rewrite = rewrite;
    environment.report("notice", "the append-only file is being rewritten");
    this.#settled = this.#run(rewrite);
    return "started";
  }

  /** Gives up the running rewrite. Resolves when its last file operation has ended. */
  cancel(): Promise<void> {
    this.isScheduled = false;
    if (this.#rewrite !== undefined) {
      this.#rewrite.isCancelled = true;
      this.#rewrite.work?.cancel();
    }
    return this.#settled;
  }

  /** Begins a rewrite that is due. Must be called regularly. */
  tick(): void {
    if (this.#rewrite !== undefined || this.#server.storage?.snapshots.inProgress === true) return;
    if (this.isScheduled || this.#isDue()) this.begin();
  }

  #isDue(): boolean {
    const { settings, environment } = this.#server;
    const open = this.#log.current;
    if (open === undefined || !open.file.healthy || environment.monotonicMs() < this.#notBeforeMs) return false;
    if (open.draft !== undefined) return true;
    const percentage = settings.values["auto-aof-rewrite-percentage"];
    if (percentage === 0) return false;
    const { bytes } = this.#log;
    const dueBytes = Math.max(
      settings.values["auto-aof-rewrite-min-size"] + 1,
      this.baseBytes * (1 + percentage / 100),
    );
    const isPutOff = environment.monotonicMs() < this.#putOffUntilMs && bytes < mostPutOff * dueBytes;
    return bytes >= dueBytes && !isPutOff;
  }

  putOff(forMs: number): void {
    this.#putOffUntilMs = this.#server.environment.monotonicMs() + forMs;
  }

  async #run(rewrite: Rewrite): Promise<void> {
    const { environment } = this.#server;
    const log = this.#log.current;
    try {
      const folder = log?.folder ?? new LogFolder(this.#log.options);
      try {
        if (log === undefined) folder.prepare();
        await this.#writeBase(rewrite, folder, log);
      } finally {
        if (log === undefined) folder.release();
      }
      this.count++;
      this.failuresInRow = 0;
      this.lastFailed = false;
      environment.report("notice", "the append-only file is rewritten");
    } catch (error) {
      if (!(error instanceof SnapshotCancelledError)) this.#failed(error, log);
    }
    this.lastSeconds = Math.floor((environment.monotonicMs() - rewrite.startedMs) / 1000);
    this.#rewrite = undefined;
  }

  #failed(error: unknown, log: OpenLog | undefined): void {
    const { environment } = this.#server;
    environment.report("error", "the append-only file could not be rewritten: it stays as it is", error);
    this.lastFailed = true;
    this.failuresInRow++;
    const doublings = this.failuresInRow - patientFailures;
    let delayMs = doublings < 0 ? 0 : Math.min(firstDelayMs * 2 ** doublings, longestDelayMs);
    // A new log protects no data until it has a base, so its next try comes soon.
    if (log?.draft !== undefined) delayMs = draftRetryMs;
    this.#notBeforeMs = environment.monotonicMs() + delayMs;
  }

  async #writeBase(rewrite: Rewrite, folder: LogFolder, log: OpenLog | undefined): Promise<void> {
    const { form, extension } = this;
    const temporary = join(folder.path, temporaryBaseName(process.pid));
    try {
      const increment = log === undefined ? undefined : await this.#startIncrement(rewrite, log, temporary, form);
      if (log === undefined) rewrite.work = this.#takeSnapshot(temporary, form);
      await (rewrite.work as BackgroundSnapshot).done;
      check(rewrite);
      this.onStep("base written");
      rewrite.isFinishing = true;
      await this.#nameBase(folder, temporary, extension, increment);
      this.onStep("manifest replaced");
      await this.#dropHistory(folder);
      this.onStep("history removed");
      if (log !== undefined) this.#measure(log);
    } catch (error) {
      removeUnneeded(this.#server.environment, temporary);
      throw error;
    } finally {
      if (log?.draft !== undefined && folder.isNamed(log.draft)) log.draft = undefined;
    }
  }

  /** The new log is complete. What could not be removed of the old one is removed by the next rewrite, or start. */
  async #dropHistory(folder: LogFolder): Promise<void> {
    try {
      await folder.dropHistory();
    } catch (error) {
      this.#server.environment.report("warning", "the files before the rewrite could not be removed yet", error);
    }
  }

  async #nameBase(
    folder: LogFolder,
    temporary: string,
    extension: "rdb" | "aof",
    increment: ManifestEntry | undefined,
  ): Promise<void> {
    const base = folder.nextBase(extension);
    if (increment !== undefined) await folder.nameDraft(increment);
    await rename(temporary, folder.pathOf(base));
    this.onStep("base renamed");
    try {
      await folder.replaceBase(base, increment);
    } catch (error) {
      if (!folder.isNamed(base)) removeUnneeded(this.#server.environment, folder.pathOf(base));
      throw error;
    }
  }

  #measure(log: OpenLog): void {
    log.bytesBefore = log.folder.bytes - log.file.sizeBytes;
    this.baseBytes = this.#log.bytes;
  }

  /** Sends commands to a new increment, and begins the snapshot at the same moment. */
  async #startIncrement(rewrite: Rewrite, log: OpenLog, basePath: string, form: FileForm): Promise<ManifestEntry> {
    const { commands, draft, folder, file } = log;
    if (draft !== undefined && file.sizeBytes === 0 && commands.pendingBytes === 0 && this.#isAtRest) {
      // The log has just begun and its increment is empty, so it is used: everything before it is in the snapshot.
      rewrite.work = this.#takeSnapshot(basePath, form);
      this.#carryOver(commands);
      return draft;
    }
    const increment = folder.nextIncrement(draft);
    const path = draft === undefined ? folder.pathOf(increment) : folder.draftPathOf(increment);
    const descriptor = openIncrement(path);
    try {
      if (draft === undefined) await folder.append(increment);
      this.onStep("increment named");
      await file.sync();
      while (!this.#isAtRest) {
        // The script may never end, and the server waits for this rewrite when it closes.
        check(rewrite);
        await delay(restMs);
      }
      check(rewrite);
      commands.flush();
      rewrite.work = this.#takeSnapshot(basePath, form);
      file.switchTo(descriptor, increment.sequence);
    } catch (error) {
      rewrite.work?.cancel();
      closeSync(descriptor);
      throw error;
    }
    commands.forgetDatabase();
    this.#carryOver(commands);
    log.draft = draft === undefined ? undefined : increment;
    if (draft !== undefined) removeUnneeded(this.#server.environment, folder.draftPathOf(draft));
    this.onStep("increment begun");
    return increment;
  }

  /** No transaction, script or other snapshot is half done. */
  get #isAtRest(): boolean {
    const { execution, keyspace } = this.#server;
    return execution.isAtRest && keyspace.snapshot === undefined;
  }

  #takeSnapshot(path: string, form: FileForm): BackgroundSnapshot {
    return new BackgroundSnapshot(this.#server, new BackgroundFile(path), (emit) =>
      beginFile(this.#server, form, emit),
    );
  }

  #carryOver(commands: CommandLog): void {
    appendCarriedOver(this.#extension, commands);
    commands.flush();
  }
}

/** Appends entries of the old increments that are still needed and are not part of the dataset. */
export function appendCarriedOver(extension: LogExtension, log: CommandLog): void {
  for (const words of extension.carryOver()) {
    log.beginUnit();
    log.append(0, words);
    log.endUnit();
  }
}

function check({ isCancelled }: Rewrite): void {
  if (isCancelled) throw new SnapshotCancelledError();
}
