import type { Client } from "../dispatch/client.ts";
import type { Services } from "../dispatch/context.ts";
import type { Acknowledgements } from "../dispatch/ports.ts";
import type { AttachedReplicas } from "./attached-replicas.ts";
import type { ReplicationHistory } from "./replication-history.ts";
import type { StreamFeed } from "./stream-feed.ts";

export interface AcknowledgedWritesOptions {
  readonly server: Services;
  readonly history: ReplicationHistory;
  readonly replicas: AttachedReplicas;
  readonly feed: StreamFeed;
}

interface Awaited {
  /** The offset that replicas must have acknowledged. */
  readonly offset: number;
  /** A place of this server's own log that has these changes before it; undefined as long as the log is not complete. */
  logEnd: number | undefined;
}

/** WAIT and WAITAOF: who has what a client has done before it asked. */
export class AcknowledgedWrites {
  readonly #options: AcknowledgedWritesOptions;
  /** Clients that wait. */
  readonly #awaited = new Map<Client, Awaited>();

  constructor(options: AcknowledgedWritesOptions) {
    this.#options = options;
  }

  /** Asks the replicas, and says what is known by now. */
  by(client: Client): Acknowledgements {
    const { replicas, server } = this.#options;
    const awaited = this.#awaitedBy(client);
    const { offset } = awaited;
    const progress = server.storage?.log.progress;
    awaited.logEnd ??= progress?.written;
    const isOnDisk = progress !== undefined && progress.synced >= (awaited.logEnd ?? Number.POSITIVE_INFINITY);
    return {
      replicas: replicas.acknowledging(offset, "received"),
      disksOfReplicas: replicas.acknowledging(offset, "on disk"),
      isOnDisk,
    };
  }

  /** What it waits for already, or waits for from now on. */
  #awaitedBy(client: Client): Awaited {
    const before = client.blocked === undefined ? undefined : this.#awaited.get(client);
    if (before !== undefined) return before;
    const { feed, history, server } = this.#options;
    const { changes, execution, storage } = server;
    feed.askForOffsets();
    // Within a transaction the log gets its changes only at its end.
    if (!execution.inUnit) changes.flush();
    const offset = Math.min(client.streamOffset, history.offset);
    const awaited = { offset, logEnd: storage?.log.progress?.written };
    this.#awaited.set(client, awaited);
    return awaited;
  }

  /** Answers the clients for which there are enough by now. Must be called when a replica has acknowledged more. */
  answerWaiting(): void {
    this.tidy();
    if (this.#awaited.size === 0) return;
    this.#options.server.blocking.tryAgain((client) => this.#awaited.has(client));
    this.tidy();
  }

  /** Forgets the clients that do not wait any more. Must be called regularly. */
  tidy(): void {
    for (const client of this.#awaited.keys()) {
      if (client.blocked === undefined || client.gone) this.#awaited.delete(client);
    }
  }
}
