import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Server } from "../server.ts";
import { loadRdb, type RdbLoadOptions, type RdbLoadResult } from "./rdb-loader.ts";
import { saveRdb } from "./snapshot-file.ts";

/** The dump.rdb of a server: writes it, reads it, and tells of both. */
export class Snapshots {
  readonly #server: Server;
  /** Unix milliseconds; the start counts as one. */
  lastSaveMs: number;
  /** `keyspace.dirty` as the last snapshot had it. */
  #dirtyAtSave = 0;
  saves = 0;
  lastLoad: RdbLoadResult = { keys: 0, expired: 0, endOffset: 0 };

  constructor(server: Server) {
    this.#server = server;
    this.lastSaveMs = server.environment.nowMs();
  }

  /** Whether a snapshot is written beside the work. */
  get inProgress(): boolean {
    return false;
  }

  get path(): string {
    const { dir, dbfilename } = this.#server.settings.values;
    return join(dir, dbfilename);
  }

  /** Changes that are in no snapshot. */
  get changes(): number {
    return this.#server.keyspace.dirty - this.#dirtyAtSave;
  }

  /** Writes a snapshot while everybody waits. Throws the system's error; then the file is what it was. */
  save(): void {
    const { keyspace, environment } = this.#server;
    saveRdb(this.#server, this.path);
    this.#saved(keyspace.dirty);
    environment.report("notice", `the dataset is saved in ${this.path}`);
  }

  #saved(dirty: number): void {
    this.#dirtyAtSave = dirty;
    this.lastSaveMs = this.#server.environment.nowMs();
    this.saves++;
  }

  get exists(): boolean {
    return existsSync(this.path);
  }

  /** Reads the snapshot into the databases as they are. Throws RdbLoadError. */
  load(options: RdbLoadOptions): void {
    const { environment, keyspace } = this.#server;
    const startedMs = environment.monotonicMs();
    this.lastLoad = loadRdb(this.#server, this.path, options);
    this.#dirtyAtSave = keyspace.dirty;
    const seconds = ((environment.monotonicMs() - startedMs) / 1000).toFixed(3);
    const { keys, expired } = this.lastLoad;
    const left = expired === 0 ? "" : `, ${expired} keys left out whose time is over`;
    environment.report("notice", `loaded ${keys} keys from ${this.path} in ${seconds} s${left}`);
  }
}
