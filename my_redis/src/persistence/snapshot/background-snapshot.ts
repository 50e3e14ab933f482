import type { Snapshot } from "../../keyspace/snapshot.ts";
import type { Services } from "../../dispatch/context.ts";
import { PacedSlices } from "../../dispatch/paced-slices.ts";
import { AwaitedValues } from "./awaited-values.ts";
import type { Emit } from "../rdb/rdb-file-writer.ts";

/** Delay before the queue of the sink is checked again. */
const sinkWaitMs = 1;
/** While more than this waits for the sink, the walk pauses. */
const maxQueuedBytes = 8 * 1024 * 1024;
/** The same while a client waits for a value: its wait must not depend on a slow disk or replica at once. */
const maxQueuedForClients = 4 * maxQueuedBytes;

/** Begins a snapshot of the present dataset, written by `emit`. `end` writes what follows the last record. */
export type BeginSnapshot = (emit: Emit) => { readonly snapshot: Snapshot; readonly end: () => void };

/** Where the bytes of a snapshot go: a file, or replicas. */
export interface SnapshotSink {
  /** Bytes that it holds in memory. The walk pauses while there are many. */
  readonly queuedBytes: number;
  /** Nothing more is taken. */
  readonly hasFailed: boolean;
  /** Resolves when everything has arrived; rejects with the reason why it will not. */
  readonly done: Promise<void>;
  /** The bytes are valid only during the call. */
  write(bytes: Uint8Array): void;
  /** Called after the last bytes. */
  end(): void;
  /** The snapshot is given up. */
  fail(error: Error): void;
}

/** The snapshot was given up intentionally. */
export class SnapshotCancelledError extends Error {
  constructor() {
    super("the snapshot was given up");
  }
}

/**
 * A snapshot that is being written in slices between requests. It shows the dataset at the moment of its construction.
 */
export class BackgroundSnapshot {
  readonly snapshot: Snapshot;
  /** Bytes passed to the sink. */
  bytes = 0;
  readonly #server: Services;
  readonly #sink: SnapshotSink;
  readonly #end: () => void;
  readonly #awaited: AwaitedValues;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #slices: PacedSlices;
  #walked = false;

  constructor(server: Services, sink: SnapshotSink, begin: BeginSnapshot) {
    this.#server = server;
    this.#sink = sink;
    this.#slices = new PacedSlices(server);
    const { snapshot, end } = begin((bytes) => {
      this.bytes += bytes.length;
      this.#sink.write(bytes);
    });
    this.snapshot = snapshot;
    this.#awaited = new AwaitedValues(server, snapshot);
    this.#end = end;
    this.#schedule();
  }

  /** Resolves when the sink has everything; rejects with the sink's error, or SnapshotCancelledError. */
  get done(): Promise<void> {
    return this.#sink.done;
  }

  get #isSinkFull(): boolean {
    if (this.#sink.hasFailed) return false;
    return this.#sink.queuedBytes >= (this.#awaited.isAnyAwaited ? maxQueuedForClients : maxQueuedBytes);
  }

  #schedule(): void {
    const isFull = this.#isSinkFull;
    if (isFull || this.#keyDelayMs > 0) {
      const next = isFull ? () => this.#schedule() : () => this.#slice();
      this.#timer = setTimeout(next, Math.max(sinkWaitMs, this.#keyDelayMs));
      this.#timer.unref();
    } else this.#slices.next(() => this.#slice());
  }

  /** For tests that need a slow snapshot: the pause after each key. */
  get #keyDelayMs(): number {
    return this.#server.settings.values["rdb-key-save-delay"] / 1000;
  }

  #slice(): void {
    if (this.#sink.hasFailed) this.snapshot.drop();
    const isOver = this.#slices.begin();
    const takesOne = this.#keyDelayMs > 0;
    this.#walk(() => takesOne || isOver());
    if (!this.#walked) this.#schedule();
  }

  #walk(spent: () => boolean): void {
    try {
      if (!this.snapshot.step(spent)) return;
      this.#walked = true;
      this.#awaited.end();
      if (this.snapshot.failure !== undefined) throw this.snapshot.failure;
      if (!this.#sink.hasFailed) this.#end();
      this.#sink.end();
    } catch (error) {
      this.#sink.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Gives the snapshot up. */
  cancel(): void {
    this.#sink.fail(new SnapshotCancelledError());
    this.snapshot.drop();
    clearTimeout(this.#timer);
    this.#slices.stop();
    while (!this.#walked) this.#walk(() => false);
  }
}
