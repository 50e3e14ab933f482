import { existsSync, rmSync } from "node:fs";
import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Services } from "../../dispatch/context.ts";
import type { SaveAtEnd, SnapshotStorage, StreamPosition } from "../../dispatch/ports.ts";
import { removeUnneeded } from "../../remove-unneeded.ts";
import { BackgroundSnapshot, SnapshotCancelledError } from "./background-snapshot.ts";
import { BackgroundFile } from "../background-file.ts";
import { syncFolder } from "../replaced-file.ts";
import { readRdbFacts } from "../rdb/rdb-facts.ts";
import { loadRdb, type RdbLoadOptions, type RdbLoadResult } from "../rdb/rdb-loader.ts";
import { rdbTargetOf } from "./rdb-target.ts";
import { beginFile, writeFileNow } from "./snapshot-file.ts";
import { freeTemporarySnapshot, removeTemporarySnapshots, temporarySnapshot } from "./temporary-snapshots.ts";

/** After a failed snapshot, save points wait this long before the next one. */
const retryMs = 5000;

const misconfigured =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may " +
  "modify the data set are disabled, because this instance is configured to report errors during writes if RDB " +
  "snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";

/** A snapshot that is being written in the background. */
interface Saving {
  readonly startedMs: number;
  readonly work: BackgroundSnapshot;
  /** The name of the file until it is complete. */
  readonly temporary: string;
  /** The file must not become dump.rdb any more. */
  isGivenUp: boolean;
  /** The value of `keyspace.changes` when it began. */
  readonly changes: number;
}

/** The server has ended without the snapshot that was to keep its data. `cause` is the system's error. */
export class LastSnapshotError extends Error {
  constructor(path: string, cause: unknown) {
    super(
      `the last snapshot, ${path}, could not be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}

/** The dump.rdb of a server: writes it at once, in the background or at save points, reads it, and reports about it. */
export class Snapshots implements SnapshotStorage {
  /** When the last snapshot was written, Unix milliseconds; initially the start of the server. */
  lastSaveMs: number;
  /** Number of written snapshots. */
  saves = 0;
  /** Duration of the last background snapshot in seconds; -1 before the first. */
  lastSeconds = -1;
  lastFailed = false;
  #isScheduled = false;
  /** Where replication stood in the snapshot that was read at the start. */
  loadedPosition: StreamPosition | undefined;
  lastLoad: RdbLoadResult = { keys: 0, expired: 0, endOffset: 0 };
  readonly #server: Services;
  #changesAtSave = 0;
  #saving: Saving | undefined;
  #settled: Promise<void> = Promise.resolve();
  #lastTryMs = 0;
  /** When the last snapshot was complete, by the monotonic clock. */
  #savedAtMs: number;

  constructor(server: Services) {
    this.#server = server;
    this.lastSaveMs = server.environment.nowMs();
    this.#savedAtMs = server.environment.monotonicMs();
  }

  get path(): string {
    const { dir, dbfilename } = this.#server.settings.values;
    return join(dir, dbfilename);
  }

  /** Number of changes since the last snapshot. */
  get changes(): number {
    return this.#server.keyspace.changes - this.#changesAtSave;
  }

  /** Whether a snapshot is being written in the background. */
  get inProgress(): boolean {
    return this.#saving !== undefined;
  }

  /** By the monotonic clock; undefined while no snapshot is being written in the background. */
  get startedMs(): number | undefined {
    return this.#saving?.startedMs;
  }

  /** The snapshot that is being written in the background. */
  get work(): BackgroundSnapshot | undefined {
    return this.#saving?.work;
  }

  /**
   * Writes a snapshot while every client waits. A snapshot that is being written in the background is older, so it is
   * given up. Throws the system's error; then the file is unchanged.
   */
  save(): void {
    const { keyspace, environment } = this.#server;
    if (this.#saving !== undefined) this.#supersede(this.#saving);
    writeFileNow(this.#server, this.path, "dump");
    this.#saved(keyspace.changes);
    this.lastFailed = false;
    environment.report("notice", `the dataset is saved in ${this.path}`);
  }

  schedule(): void {
    this.#isScheduled = true;
  }

  #saved(changes: number): void {
    this.#changesAtSave = changes;
    const { environment } = this.#server;
    this.lastSaveMs = environment.nowMs();
    this.#savedAtMs = environment.monotonicMs();
    this.saves++;
  }

  /** The error reply for writes when the last snapshot failed, if snapshots are what keeps the data. */
  get refusal(): string | undefined {
    if (!this.lastFailed) return undefined;
    const { values } = this.#server.settings;
    return values.save.length > 0 && values["stop-writes-on-bgsave-error"] ? misconfigured : undefined;
  }

  /**
   * Begins to write a snapshot of the present dataset in the background. Must not be called while another file is being
   * written there. Throws the system's error, after it was reported: it counts as a failed snapshot.
   */
  begin(): void {
    try {
      this.#begin();
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  #failed(error: unknown): void {
    this.lastFailed = true;
    this.#server.environment.report("error", `the snapshot ${this.path} could not be written`, error);
  }

  #begin(): void {
    const { environment, keyspace } = this.#server;
    this.#isScheduled = false;
    this.#lastTryMs = environment.monotonicMs();
    const temporary = temporarySnapshot(this.path, "background");
    let work: BackgroundSnapshot;
    try {
      work = new BackgroundSnapshot(this.#server, new BackgroundFile(temporary), (emit) =>
        beginFile(this.#server, "dump", emit),
      );
    } catch (error) {
      freeTemporarySnapshot(temporary);
      throw error;
    }
    const { changes } = keyspace;
    this.#saving = { startedMs: environment.monotonicMs(), work, temporary, isGivenUp: false, changes };
    environment.report("notice", "a snapshot is being written");
    this.#settled = this.#finish(this.#saving);
  }

  async #finish(saving: Saving): Promise<void> {
    const { environment } = this.#server;
    const { path } = this;
    const { temporary } = saving;
    try {
      await saving.work.done;
      check(saving);
      await rename(temporary, path);
      await syncFolder(dirname(path));
      check(saving);
      this.#saved(saving.changes);
      this.lastFailed = false;
      environment.report("notice", `the dataset is saved in ${path}`);
    } catch (error) {
      if (!saving.isGivenUp) this.#failed(error);
      removeUnneeded(environment, temporary);
    }
    freeTemporarySnapshot(temporary);
    this.lastSeconds = Math.floor((environment.monotonicMs() - saving.startedMs) / 1000);
    this.#saving = undefined;
  }

  /** Begins a snapshot that is due. Must be called regularly. */
  tick(): void {
    const { execution, keyspace, storage } = this.#server;
    if (this.inProgress || storage?.log.rewriter.startedMs !== undefined) return;
    if (keyspace.snapshot !== undefined || !execution.isAtRest) return;
    if (!this.#isScheduled && !this.#isDue()) return;
    try {
      this.begin();
    } catch {
      // It was reported, and is tried again after a while.
    }
  }

  #isDue(): boolean {
    const { settings, environment } = this.#server;
    const nowMs = environment.monotonicMs();
    if (this.lastFailed && nowMs - this.#lastTryMs < retryMs) return false;
    const { changes } = this;
    const seconds = (nowMs - this.#savedAtMs) / 1000;
    return settings.values.save.some((point) => changes >= point.changes && changes > 0 && seconds > point.seconds);
  }

  /** Gives up the running snapshot. Resolves when its last file operation has ended. */
  cancel(): Promise<void> {
    this.#isScheduled = false;
    if (this.#saving !== undefined) giveUp(this.#saving);
    return this.#settled;
  }

  /**
   * Gives up the running snapshot for a newer one. Its rename may be on its way already, in another thread. Without the
   * temporary file that rename fails, unless it is done: in both cases it cannot replace the newer file later. Throws
   * the system's error when the temporary file cannot be removed.
   */
  #supersede(saving: Saving): void {
    this.#server.environment.report("notice", "a newer snapshot is written instead of the one in the background");
    giveUp(saving);
    rmSync(saving.temporary, { force: true });
  }

  /** Writes the snapshot with which the server ends, if `wanted` asks for one. Returns why it was not written. */
  saveAtEnd(wanted: SaveAtEnd): LastSnapshotError | undefined {
    const { settings, environment } = this.#server;
    if (wanted === "never" || (wanted === "by-settings" && settings.values.save.length === 0)) return undefined;
    try {
      this.save();
      return undefined;
    } catch (error) {
      environment.report("error", `the snapshot ${this.path} could not be written`, error);
      return new LastSnapshotError(this.path, error);
    }
  }

  /** Removes what a crash has left of snapshots that were not complete. */
  removeLeftovers(): void {
    removeTemporarySnapshots(this.path);
  }

  /** Reads the snapshot at the start; false when the file is missing. Throws RdbLoadError. */
  loadIfThere(): boolean {
    if (!existsSync(this.path)) return false;
    this.loadedPosition = readRdbFacts(this.path).position;
    // Replicas that go on from here have the expired keys, too, until the stream removes them.
    this.load({ beforeLog: this.loadedPosition !== undefined, existing: "refuse" });
    return true;
  }

  /** Reads the snapshot into the databases without clearing them. Throws RdbLoadError. */
  load(options: RdbLoadOptions): void {
    const { environment, keyspace } = this.#server;
    const startedMs = environment.monotonicMs();
    this.lastLoad = loadRdb(rdbTargetOf(this.#server), this.path, options);
    this.#changesAtSave = keyspace.changes;
    const seconds = ((environment.monotonicMs() - startedMs) / 1000).toFixed(3);
    const { keys, expired } = this.lastLoad;
    const left = expired === 0 ? "" : `, ${expired} expired keys left out`;
    environment.report("notice", `loaded ${keys} keys from ${this.path} in ${seconds} s${left}`);
  }
}

function giveUp(saving: Saving): void {
  saving.isGivenUp = true;
  saving.work.cancel();
}

function check({ isGivenUp }: Saving): void {
  if (isGivenUp) throw new SnapshotCancelledError();
}
