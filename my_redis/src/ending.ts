import type { StartedParts } from "./build-server.ts";
import type { Cron } from "./cron.ts";
import type { SaveAtEnd } from "./dispatch/ports.ts";
import { settlable } from "./settlable.ts";

/** Clients get this long to read their last replies. */
const closeGraceMs = 1000;

/** Ends a server, once: its timers, its clients, its place in the ring, and its files. */
export class Ending {
  readonly #parts: StartedParts;
  readonly #cron: Cron;
  readonly #closed = settlable();
  #hasBegun = false;

  constructor(parts: StartedParts, cron: Cron) {
    this.#parts = parts;
    this.#cron = cron;
    // A program that does not wait for `closed` has the report of what went wrong.
    this.closed.catch(() => {});
  }

  /**
   * Resolves when everything is closed and on the disk. Rejects when everything is closed, but the requested snapshot
   * was not written (LastSnapshotError) or a file could not be closed.
   */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * SHUTDOWN. False when the requested snapshot cannot be written; then the server keeps running, unless `force` is
   * given.
   */
  request(wanted: SaveAtEnd, force: boolean): boolean {
    const failure = this.#parts.storage?.snapshots.saveAtEnd(wanted);
    if (failure !== undefined && !force) return false;
    // Not within the command itself, because its turn must end first.
    setImmediate(() => void this.#end(failure === undefined ? wanted : "never", true));
    return true;
  }

  end(wanted: SaveAtEnd): Promise<void> {
    return this.#end(wanted, false);
  }

  /** `isSaved`: the requested snapshot has just been written. */
  #end(wanted: SaveAtEnd, isSaved: boolean): Promise<void> {
    if (this.#hasBegun) return this.closed;
    this.#hasBegun = true;
    const { cluster, migrations, network, replication, storage } = this.#parts;
    this.#cron.stop();
    migrations.stop();
    replication.stop();
    network.stop();
    // A snapshot that was written for SHUTDOWN lacks the writes of clients since then.
    const lacksWrites = !isSaved || (storage?.snapshots.changes ?? 0) > 0;
    const failure = lacksWrites ? storage?.snapshots.saveAtEnd(wanted) : undefined;
    cluster?.stop();
    const { resolve, reject } = this.#closed;
    const allClosed = Promise.all([storage?.close(), network.disconnectAll(closeGraceMs)]);
    void allClosed.then(() => (failure === undefined ? resolve() : reject(failure)), reject);
    return this.closed;
  }
}
