import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Services } from "../dispatch/context.ts";
import { BackgroundFile } from "../persistence/background-file.ts";
import { removeUnneeded } from "../remove-unneeded.ts";
import type { SnapshotSink } from "../persistence/snapshot/background-snapshot.ts";
import { freeTemporarySnapshot, temporarySnapshot } from "../persistence/snapshot/temporary-snapshots.ts";
import type { AttachedReplica } from "./attached-replica.ts";
import { SnapshotBroadcast } from "./snapshot-broadcast.ts";

const chunkBytes = 1024 * 1024;
/** While more than this waits for the slowest replica, nothing more is read. */
const maxQueuedBytes = 8 * chunkBytes;
const waitMs = 1;

type Begin = (replica: AttachedReplica, broadcast: SnapshotBroadcast, length: number) => void;

/**
 * A snapshot for replicas that want to know its length first: a temporary file in `dir`. What a crash leaves of it is
 * removed at the next start.
 */
export class CountedSnapshot {
  /** Takes the snapshot. */
  readonly sink: SnapshotSink;
  readonly #server: Services;
  readonly #path: string;
  readonly #replicas: Set<AttachedReplica>;
  #isStopped = false;

  /** Throws the system's error. */
  constructor(server: Services, replicas: Iterable<AttachedReplica>) {
    const { dbfilename, dir } = server.settings.values;
    this.#server = server;
    this.#replicas = new Set(replicas);
    this.#path = temporarySnapshot(join(dir, dbfilename), "sync");
    try {
      this.sink = new BackgroundFile(this.#path);
    } catch (error) {
      freeTemporarySnapshot(this.#path);
      throw error;
    }
  }

  /** The replica is gone. Without replicas the file is given up. */
  leave(replica: AttachedReplica): void {
    this.#replicas.delete(replica);
    if (this.#replicas.size === 0) this.stop();
  }

  stop(): void {
    this.#isStopped = true;
    this.sink.fail(new Error("nobody wants it any more"));
  }

  /** Sends the file once it is whole, and removes it. `begin` is called for each replica before the first byte. */
  async send(begin: Begin): Promise<void> {
    try {
      await this.sink.done;
      await this.#send(begin);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      for (const replica of [...this.#replicas]) replica.drop(`its snapshot has failed: ${reason}`);
    } finally {
      removeUnneeded(this.#server.environment, this.#path);
      freeTemporarySnapshot(this.#path);
    }
  }

  async #send(begin: Begin): Promise<void> {
    const { size } = await stat(this.#path);
    const broadcast = new SnapshotBroadcast(this.#replicas, "");
    for (const replica of [...this.#replicas]) begin(replica, broadcast, size);
    const file = await open(this.#path);
    try {
      const chunk = new Uint8Array(chunkBytes);
      while (!this.#isStopped && !broadcast.hasFailed) {
        if (broadcast.queuedBytes >= maxQueuedBytes) {
          await delay(waitMs);
          continue;
        }
        const { bytesRead } = await file.read(chunk, 0, chunkBytes);
        if (bytesRead === 0) return broadcast.end();
        broadcast.write(chunk.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  }
}
