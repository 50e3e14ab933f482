import type { Services } from "../dispatch/context.ts";
import type { StreamPosition } from "../dispatch/ports.ts";
import { BackgroundSnapshot, type SnapshotSink } from "../persistence/snapshot/background-snapshot.ts";
import { beginFile } from "../persistence/snapshot/snapshot-file.ts";
import type { AttachedReplica } from "./attached-replica.ts";
import { CountedSnapshot } from "./counted-snapshot.ts";
import { SnapshotBroadcast } from "./snapshot-broadcast.ts";

export interface FullSyncsOptions {
  readonly server: Services;
  /** Where in which history the data is now. The stream must select its database anew after this moment. */
  readonly mark: () => StreamPosition;
}

/**
 * Sends the whole data to replicas that cannot go on from where they are. All replicas that wait when a snapshot begins
 * share it. The snapshot goes to the sockets as it is taken, and the walk waits for them: it needs neither a second copy
 * of the data nor a file. Changes meanwhile stay in the stream, and are sent after it.
 *
 * Old replicas want to know the length of the snapshot first. Theirs goes into a file, and then to the sockets.
 */
export class FullSyncs {
  readonly #options: FullSyncsOptions;
  readonly #waiting = new Set<AttachedReplica>();
  #work: BackgroundSnapshot | undefined;
  readonly #broadcasts = new Map<AttachedReplica, SnapshotBroadcast>();
  /** At most one file at a time, so that the disk holds one snapshot more at most. */
  #file: CountedSnapshot | undefined;

  constructor(options: FullSyncsOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#work !== undefined;
  }

  add(replica: AttachedReplica): void {
    this.#waiting.add(replica);
  }

  tookSnapshot(replica: AttachedReplica): void {
    const broadcast = this.#broadcasts.get(replica);
    if (!replica.hasSnapshot) return broadcast?.trim();
    this.#broadcasts.delete(replica);
    broadcast?.complete(replica);
  }

  left(replica: AttachedReplica): void {
    this.#waiting.delete(replica);
    this.#file?.leave(replica);
    this.#broadcasts.get(replica)?.leave(replica);
    this.#broadcasts.delete(replica);
  }

  /** Begins a snapshot when one is wanted and possible. Must be called regularly, between turns. */
  tick(): void {
    const { execution, keyspace, storage } = this.#options.server;
    if (this.isRunning || keyspace.snapshot !== undefined || !execution.isAtRest) return;
    // One snapshot at a time. A rewrite of the log takes its own a little later than it begins.
    if (storage?.log.rewriter.startedMs !== undefined || storage?.snapshots.inProgress === true) return;
    const marked = [...this.#waiting].filter(({ facts }) => facts.takesEndMark);
    const counted = this.#file === undefined ? [...this.#waiting].filter(({ facts }) => !facts.takesEndMark) : [];
    const due = [marked, counted].find((group) => this.#isDue(group));
    if (due === undefined) return;
    for (const replica of due) this.#waiting.delete(replica);
    const mark = this.#options.mark();
    const names = due.map(({ name }) => name).join(", ");
    this.#options.server.environment.report(
      "notice",
      `full synchronisation of ${names} begins at offset ${mark.offset}`,
    );
    if (due === marked) this.#sendAsTaken(due, mark);
    else this.#sendFromFile(due, mark);
  }

  /** Replicas that arrive within repl-diskless-sync-delay share one snapshot. */
  #isDue(group: readonly AttachedReplica[]): boolean {
    if (group.length === 0) return false;
    const { cluster, environment, settings } = this.#options.server;
    const { values } = settings;
    // Until its replicas are in sync, nobody could take the place of a primary of a ring.
    if (cluster !== undefined) return true;
    const most = values["repl-diskless-sync-max-replicas"];
    if (most > 0 && group.length >= most) return true;
    const delayMs = values["repl-diskless-sync"] ? values["repl-diskless-sync-delay"] * 1000 : 0;
    const nowMs = environment.monotonicMs();
    return group.some(({ sinceMs }) => nowMs - sinceMs >= delayMs);
  }

  #sendAsTaken(replicas: readonly AttachedReplica[], { id, offset }: StreamPosition): void {
    const endMark = this.#options.server.environment.runId();
    const broadcast = new SnapshotBroadcast(replicas, endMark);
    for (const replica of replicas) {
      this.#broadcasts.set(replica, broadcast);
      replica.awaitSnapshot(offset, greeting(replica, id, offset));
      replica.beginSnapshot(broadcast.bytes, `$EOF:${endMark}\r\n`);
    }
    this.#take(broadcast);
  }

  #sendFromFile(replicas: readonly AttachedReplica[], { id, offset }: StreamPosition): void {
    const { server } = this.#options;
    let file: CountedSnapshot;
    try {
      file = new CountedSnapshot(server, replicas);
    } catch (error) {
      for (const replica of replicas) replica.refuse("ERR BGSAVE failed, replication can't continue");
      server.environment.report("error", "the file for a full synchronisation cannot be written", error);
      return;
    }
    this.#file = file;
    for (const replica of replicas) replica.awaitSnapshot(offset, greeting(replica, id, offset));
    this.#take(file.sink);
    const begin = (replica: AttachedReplica, broadcast: SnapshotBroadcast, length: number): void => {
      this.#broadcasts.set(replica, broadcast);
      replica.beginSnapshot(broadcast.bytes, `$${length}\r\n`);
    };
    void file.send(begin).finally(() => {
      this.#file = undefined;
    });
  }

  #take(sink: SnapshotSink): void {
    const { server } = this.#options;
    const work = new BackgroundSnapshot(server, sink, (emit) => beginFile(server, "dump", emit));
    this.#work = work;
    const settled = (): void => {
      this.#work = undefined;
    };
    work.done.then(settled, settled);
  }

  stop(): void {
    this.#work?.cancel();
    this.#file?.stop();
  }
}

/** The answer to PSYNC. SYNC has none. */
const greeting = ({ asksWithId }: AttachedReplica, id: string, offset: number): string =>
  asksWithId ? `+FULLRESYNC ${id} ${offset}\r\n` : "";
