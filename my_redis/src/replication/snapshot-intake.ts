import type { Services } from "../dispatch/context.ts";
import { PacedSlices } from "../dispatch/paced-slices.ts";
import { StagedDatabases } from "../keyspace/staged-databases.ts";
import { RdbFile } from "../persistence/rdb/rdb-file.ts";
import { loadRdbFile, type RdbLoadOptions, SteppedRdbLoad } from "../persistence/rdb/rdb-loader.ts";
import { rdbTargetOf } from "../persistence/snapshot/rdb-target.ts";

const secondMs = 1000;
/** Delay before it is looked again whether the data may change. */
const retryMs = 1;
/** Expired keys are loaded, too: the primary's DEL removes them. */
const asPrimarySays: RdbLoadOptions = { beforeLog: true, existing: "refuse" };

export interface SnapshotIntakeOptions {
  readonly server: Services;
  readonly path: string;
  /** All data is about to be replaced. */
  readonly onReplace: () => void;
  /** It is over. `isIntact`: this server has still the data that it had before. Not called after `cancel`. */
  readonly onEnd: (failure: Error | undefined, isIntact: boolean) => void;
}

/**
 * Puts a snapshot of the primary, which is in a file, in the place of this server's data.
 *
 * A snapshot that cannot be read must not cost the old data. So where there is any, the file is first read to its end in
 * slices, while clients are served the old data:
 *
 * - each key is forgotten at once. Then the old data is freed, and the file is loaded while all clients wait. That
 *   needs a few bytes a key: see `SeenKeys`.
 * - with `repl-diskless-load swapdb` it is loaded beside the old data, and takes its place at once at the end. So old and
 *   new data are in memory together.
 */
export class SnapshotIntake {
  readonly #options: SnapshotIntakeOptions;
  readonly #slices: PacedSlices;
  readonly #startedMs: number;
  #staged: StagedDatabases | undefined;
  /** The same for both readings. */
  #file: RdbFile | undefined;
  #reading: SteppedRdbLoad | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(options: SnapshotIntakeOptions) {
    this.#options = options;
    this.#slices = new PacedSlices(options.server);
    this.#startedMs = options.server.environment.monotonicMs();
  }

  /** Without data there is nothing to lose: then it is over at once. */
  begin(): void {
    const { path, server } = this.#options;
    const { keyspace, settings } = server;
    const swaps = settings.values["repl-diskless-load"] === "swapdb";
    try {
      const file = new RdbFile(path);
      this.#file = file;
      if (keyspace.databases.every(({ size }) => size === 0)) return this.#replace();
      this.#staged = new StagedDatabases(keyspace);
      const target = { ...rdbTargetOf(server), databases: this.#staged.databases };
      this.#reading = new SteppedRdbLoad(target, file, { ...asPrimarySays, keeps: swaps ? "all" : "nothing" });
    } catch (error) {
      return this.#end(asError(error));
    }
    this.#slices.next(() => this.#slice(swaps));
  }

  #slice(swaps: boolean): void {
    const isOver = this.#slices.begin();
    try {
      const loaded = this.#options.server.keyspace.silently(() => this.#reading?.step(isOver));
      if (loaded === undefined) return this.#slices.next(() => this.#slice(swaps));
      if (swaps) return this.#swap(loaded.keys);
    } catch (error) {
      return this.#end(asError(error));
    }
    this.#dropStaged();
    this.#replace();
  }

  /** The new data takes the place of the old one. */
  #swap(keys: number): void {
    const { onReplace, server } = this.#options;
    const { changes, storage } = server;
    if (this.#waits(() => this.#swap(keys))) return;
    onReplace();
    const swap = (): void => this.#staged?.takePlace();
    changes.without(() => (storage === undefined ? swap() : storage.log.replaceDataset(swap)));
    this.#reportLoaded(keys);
    this.#end(undefined);
  }

  /**
   * Tries again later while the data may not change. A script sees the data of one moment, also when it is paused. A
   * snapshot is of one moment, too, and to complete it at once would take as long as to load one.
   */
  #waits(again: () => void): boolean {
    const { execution, keyspace } = this.#options.server;
    if (execution.isAtRest && keyspace.snapshot === undefined) return false;
    this.#timer = setTimeout(again, retryMs);
    return true;
  }

  /** Every client waits meanwhile. */
  #replace(): void {
    const { onReplace, server } = this.#options;
    const { changes, execution, keyspace, settings, storage } = server;
    if (this.#waits(() => this.#replace())) return;
    onReplace();
    const load = (): void => {
      keyspace.flush(keyspace.databases);
      // Otherwise the old data would be in memory beside the new.
      if (!settings.values["replica-lazy-flush"]) keyspace.releaseSome(() => false);
      const read = () => loadRdbFile(rdbTargetOf(server), this.#file as RdbFile, asPrimarySays);
      const { keys } = execution.asLoading(() => keyspace.silently(read));
      keyspace.announceAll();
      this.#reportLoaded(keys);
    };
    try {
      changes.without(() => (storage === undefined ? load() : storage.log.replaceDataset(load)));
    } catch (error) {
      // What is there now is nobody's data.
      changes.without(() => keyspace.flush(keyspace.databases));
      return this.#end(asError(error), false);
    }
    this.#end(undefined);
  }

  #reportLoaded(keys: number): void {
    const { environment } = this.#options.server;
    const seconds = ((environment.monotonicMs() - this.#startedMs) / secondMs).toFixed(3);
    environment.report("notice", `loaded ${keys} keys of the primary in ${seconds} s`);
  }

  #dropStaged(): void {
    this.#reading = undefined;
    this.#staged?.drop();
    this.#staged = undefined;
  }

  #release(): void {
    this.#dropStaged();
    this.#file?.close();
    this.#file = undefined;
  }

  #end(failure: Error | undefined, isIntact = true): void {
    this.#isOver = true;
    this.#release();
    this.#options.onEnd(failure, isIntact);
  }

  /** The snapshot is not wanted any more: the old data stays. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#slices.stop();
    clearTimeout(this.#timer);
    this.#release();
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
