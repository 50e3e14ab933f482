import type { SnapshotSink } from "../persistence/snapshot/background-snapshot.ts";
import { type Settlable, settlable } from "../settlable.ts";
import type { AttachedReplica } from "./attached-replica.ts";
import { SharedBytes } from "./shared-bytes.ts";

/** More than this waits for the sockets only when a snapshot is completed at once, for SAVE: then it is given up. */
const maxQueuedBytes = 64 * 1024 * 1024;

/** A snapshot on its way to replicas. What all of them have got is forgotten, so that its size does not matter. */
export class SnapshotBroadcast implements SnapshotSink {
  readonly bytes = new SharedBytes();
  readonly #replicas: Set<AttachedReplica>;
  readonly #endMark: Uint8Array;
  readonly #settle: Settlable = settlable();
  #failure: Error | undefined;

  /** `endMark`: 40 bytes by which the replicas know the end. */
  constructor(replicas: Iterable<AttachedReplica>, endMark: string) {
    this.#replicas = new Set(replicas);
    this.#endMark = Buffer.from(endMark, "latin1");
    // Whoever waits for it has the failure.
    this.done.catch(() => {});
  }

  get done(): Promise<void> {
    return this.#settle.promise;
  }

  get replicas(): ReadonlySet<AttachedReplica> {
    return this.#replicas;
  }

  get queuedBytes(): number {
    return this.bytes.end - this.bytes.start;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  write(bytes: Uint8Array): void {
    if (this.hasFailed) return;
    this.bytes.append(bytes);
    for (const replica of [...this.#replicas]) replica.send();
    if (this.queuedBytes > maxQueuedBytes) {
      this.fail(new Error(`over ${maxQueuedBytes} bytes of the snapshot wait for replicas`));
    }
  }

  end(): void {
    if (this.hasFailed) return;
    this.bytes.append(this.#endMark);
    for (const replica of [...this.#replicas]) replica.endSnapshot();
    this.#settle.resolve();
  }

  fail(error: Error): void {
    if (this.hasFailed) return;
    this.#failure = error;
    for (const replica of [...this.#replicas]) replica.drop(`its snapshot has failed: ${error.message}`);
    this.#settle.reject(error);
  }

  /** Frees what the slowest replica has got. */
  trim(): void {
    let slowest = this.bytes.end;
    for (const { snapshotSent } of this.#replicas) slowest = Math.min(slowest, snapshotSent);
    this.bytes.dropBefore(slowest);
  }

  /** The replica has got all of it. */
  complete(replica: AttachedReplica): void {
    this.#replicas.delete(replica);
    this.trim();
  }

  /** The replica is gone. Without replicas the snapshot is given up. */
  leave(replica: AttachedReplica): void {
    if (!this.#replicas.delete(replica)) return;
    if (this.#replicas.size > 0) this.trim();
    else this.fail(new Error("all replicas that wanted it are gone"));
  }
}
