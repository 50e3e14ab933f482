import type { Snapshot } from "../../keyspace/snapshot.ts";
import type { Services } from "../../dispatch/context.ts";
import { BackgroundFile } from "../background-file.ts";
import type { Emit } from "../rdb/rdb-file-writer.ts";

/** One slice of the walk, and the pause after it: clients wait no longer than for one slice. */
const sliceMs = 0.3;
const pauseMs = 0.3;
/** Turns that a pause may have, should the clock stand still. */
const maxPauseTurns = 10_000;
/** Until the disk is looked at again. */
const diskWaitMs = 1;
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
  readonly #server: Services;
  readonly #file: BackgroundFile;
  readonly #end: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nextTurn: ReturnType<typeof setImmediate> | undefined;
  #walked = false;

  /** Throws the system's error when there can be no file at `path`; then nothing has begun. */
  constructor(server: Services, path: string, begin: BeginSnapshot) {
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
    if (this.#file.queuedBytes >= maxQueuedBytes && !this.#file.hasFailed) {
      this.#timer = setTimeout(() => this.#slice(), diskWaitMs);
      this.#timer.unref();
    } else {
      this.#pause(this.#server.environment.monotonicMs() + pauseMs, maxPauseTurns);
    }
  }

  /** Lets turns go by: a timer cannot be set to less than a millisecond, which would double the time of the whole. */
  #pause(untilMs: number, turnsLeft: number): void {
    this.#nextTurn = setImmediate(() => {
      if (turnsLeft > 0 && this.#server.environment.monotonicMs() < untilMs) this.#pause(untilMs, turnsLeft - 1);
      else this.#slice();
    });
  }

  #slice(): void {
    if (this.#file.hasFailed) this.snapshot.drop();
    const { environment } = this.#server;
    const startMs = environment.monotonicMs();
    this.#walk(() => environment.monotonicMs() - startMs >= sliceMs);
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
    clearImmediate(this.#nextTurn);
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
