import type { Snapshot } from "../keyspace/snapshot.ts";
import type { Server } from "../server.ts";
import { BackgroundFile } from "./background-file.ts";
import type { Emit } from "./rdb/rdb-file-writer.ts";

/** One slice of the walk, and the pause after it: clients wait no longer than for one slice. */
const sliceMs = 1;
const pauseMs = 1;
/** With more than this waiting for the disk the walk waits, too. */
const maxQueuedBytes = 8 * 1024 * 1024;

/** Begins a snapshot of the present that is written by `emit`; `end` writes what stands behind the last record. */
export type BeginSnapshot = (emit: Emit) => { readonly snapshot: Snapshot; readonly end: () => void };

/** The snapshot was given up on purpose. */
export class SnapshotCancelledError extends Error {
  constructor() {
    super("the snapshot was given up");
  }
}

/** A snapshot on its way into a file, in slices between requests. Its moment is when it was made. */
export class BackgroundSnapshot {
  readonly snapshot: Snapshot;
  /** Bytes given to the file. */
  bytes = 0;
  readonly #server: Server;
  readonly #file: BackgroundFile;
  readonly #end: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #walked = false;

  /** Throws the system's error when there can be no file at `path`; then nothing has begun. */
  constructor(server: Server, path: string, begin: BeginSnapshot) {
    this.#server = server;
    this.#file = new BackgroundFile(path);
    const { snapshot, end } = begin((bytes) => {
      this.bytes += bytes.length;
      this.#file.write(bytes);
    });
    this.snapshot = snapshot;
    this.#end = end;
    this.#schedule();
  }

  /** Resolves when the file is whole and on the disk; rejects with the system's error, or SnapshotCancelledError. */
  get done(): Promise<void> {
    return this.#file.done;
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#slice(), pauseMs);
    this.#timer.unref();
  }

  #slice(): void {
    if (this.#file.hasFailed) this.snapshot.drop();
    if (this.#file.queuedBytes < maxQueuedBytes || this.#file.hasFailed) {
      const { environment } = this.#server;
      const startMs = environment.monotonicMs();
      this.#walk(() => environment.monotonicMs() - startMs >= sliceMs);
    }
    if (!this.#walked) this.#schedule();
  }

  #walk(spent: () => boolean): void {
    try {
      if (!this.snapshot.step(spent)) return;
      this.#walked = true;
      if (this.snapshot.failure !== undefined) throw this.snapshot.failure;
      if (!this.#file.hasFailed) this.#end();
      this.#file.end();
    } catch (error) {
      this.#file.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Takes all that is left at once: for who needs the dataset free of it now. */
  finishWalk(): void {
    clearTimeout(this.#timer);
    while (!this.#walked) {
      this.#walk(() => false);
      if (this.#file.hasFailed) this.snapshot.drop();
    }
  }

  /** Gives it up: nobody wants the file. */
  cancel(): void {
    this.#file.fail(new SnapshotCancelledError());
    this.finishWalk();
  }
}
