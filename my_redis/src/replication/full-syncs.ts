import type { Services } from "../dispatch/context.ts";
import { BackgroundSnapshot } from "../persistence/snapshot/background-snapshot.ts";
import { beginFile } from "../persistence/snapshot/snapshot-file.ts";
import type { AttachedReplica } from "./attached-replica.ts";
import { SnapshotBroadcast } from "./snapshot-broadcast.ts";

export interface FullSyncsOptions {
  readonly server: Services;
  /** Where in which history the data is now. The stream must select its database anew after this moment. */
  readonly mark: () => { readonly id: string; readonly offset: number; readonly database: number };
}

/**
 * Sends the whole data to replicas that cannot go on from where they are. All replicas that wait when a snapshot begins
 * share it. The snapshot goes to the sockets as it is taken, and the walk waits for them: it needs neither a second copy
 * of the data nor a file. Changes meanwhile stay in the stream, and are sent after it.
 */
export class FullSyncs {
  readonly #options: FullSyncsOptions;
  readonly #waiting = new Set<AttachedReplica>();
  #work: BackgroundSnapshot | undefined;
  #broadcast: SnapshotBroadcast | undefined;

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
    if (replica.state === "has snapshot") this.#broadcast?.complete(replica);
    else this.#broadcast?.trim();
  }

  left(replica: AttachedReplica): void {
    this.#waiting.delete(replica);
    this.#broadcast?.leave(replica);
  }

  /** Begins a snapshot when one is wanted and possible. Must be called regularly, between turns. */
  tick(): void {
    const { environment, execution, keyspace, storage } = this.#options.server;
    if (this.isRunning || keyspace.snapshot !== undefined || !execution.isAtRest || !this.#isDue()) return;
    // One snapshot at a time. A rewrite of the log takes its own a little later than it begins.
    if (storage?.log.rewriter.startedMs !== undefined || storage?.snapshots.inProgress === true) return;
    const endMark = environment.runId();
    const replicas = [...this.#waiting];
    this.#waiting.clear();
    const { id, offset, database } = this.#options.mark();
    const broadcast = new SnapshotBroadcast(replicas, endMark);
    const names = replicas.map(({ name }) => name).join(", ");
    environment.report("notice", `full synchronisation of ${names} begins at offset ${offset}`);
    for (const replica of replicas) {
      const line = replica.asksWithId ? `+FULLRESYNC ${id} ${offset}\r\n` : "";
      replica.beginSnapshot(broadcast.bytes, offset, `${line}$EOF:${endMark}\r\n`);
    }
    this.#broadcast = broadcast;
    const facts = [
      ["repl-stream-db", String(database)],
      ["repl-id", id],
      ["repl-offset", String(offset)],
    ] as const;
    const work = new BackgroundSnapshot(this.#options.server, broadcast, (emit) =>
      beginFile(this.#options.server, "dump", emit, facts),
    );
    this.#work = work;
    const settled = (): void => {
      this.#work = undefined;
    };
    work.done.then(settled, settled);
  }

  /** Replicas that arrive within repl-diskless-sync-delay share one snapshot. */
  #isDue(): boolean {
    if (this.#waiting.size === 0) return false;
    const { environment, settings } = this.#options.server;
    const { values } = settings;
    const most = values["repl-diskless-sync-max-replicas"];
    if (most > 0 && this.#waiting.size >= most) return true;
    const delayMs = values["repl-diskless-sync"] ? values["repl-diskless-sync-delay"] * 1000 : 0;
    const nowMs = environment.nowMs();
    return [...this.#waiting].some(({ sinceMs }) => nowMs - sinceMs >= delayMs);
  }

  stop(): void {
    this.#work?.cancel();
  }
}
