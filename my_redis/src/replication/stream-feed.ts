import type { Services } from "../dispatch/context.ts";
import type { StreamTarget } from "../dispatch/change-log.ts";
import type { StreamPosition } from "../dispatch/ports.ts";
import { CommandLog } from "../persistence/aof/command-log.ts";
import { encodeRequest } from "../protocol/encode-request.ts";
import type { AttachedReplicas } from "./attached-replicas.ts";
import type { ReplicationHistory } from "./replication-history.ts";

const secondMs = 1000;
const ping = encodeRequest(["PING"]);
const askForOffsets = encodeRequest(["REPLCONF", "GETACK", "*"]);

export interface StreamFeedOptions {
  readonly server: Services;
  readonly history: ReplicationHistory;
  readonly replicas: AttachedReplicas;
}

/** What a primary writes into the stream: the effects of commands, signs of life, and questions. A replica has none. */
export class StreamFeed {
  readonly #options: StreamFeedOptions;
  /** Undefined while there is no stream, and on a replica. */
  #log: StreamLog | undefined;
  #pingedAtMs = 0;
  #willAsk = false;
  /** Where the second question of `askForEnd` begins and ends. */
  #askedFrom = -1;
  #askedUntil = -1;

  constructor(options: StreamFeedOptions) {
    this.#options = options;
  }

  get isOn(): boolean {
    return this.#log !== undefined;
  }

  /** Effects go into the stream from now on. */
  begin(): void {
    const { history, replicas, server } = this.#options;
    this.#log = new StreamLog(history, replicas);
    server.changes.streamTo(this.#log);
  }

  end(): void {
    this.#options.server.changes.streamTo(undefined);
    this.#log = undefined;
  }

  /** Everything that has changed so far is before this mark. The stream selects its database anew after it. */
  mark(): StreamPosition {
    const { history, server } = this.#options;
    server.changes.flush();
    this.#log?.forgetDatabase();
    return { id: history.id, offset: history.offset, database: this.#log === undefined ? history.database : 0 };
  }

  /**
   * A replica that has acknowledged this offset has all of the stream. redis-server answers a question with the offset before
   * it, so the answer to the second of two questions that were sent together is enough. One question would not do: a replica
   * says the same offset of its own accord, while the question is still on its way.
   */
  get provenEnd(): number {
    const { offset } = this.#options.history;
    return offset === this.#askedUntil ? this.#askedFrom : offset;
  }

  /** Adds a command without an effect, between two turns. A replica has only its primary's stream. */
  #say(bytes: Uint8Array): void {
    if (this.#log === undefined) return;
    const { history, replicas, server } = this.#options;
    server.changes.flush();
    history.stream?.append(bytes);
    replicas.send();
  }

  /** Asks the replicas how far they are, soon and once. */
  askForOffsets(): void {
    if (this.#willAsk || this.#options.replicas.count === 0) return;
    this.#willAsk = true;
    setImmediate(() => {
      this.#willAsk = false;
      this.#say(askForOffsets);
    });
  }

  /** Asks the replicas, soon, in such a way that the answers show who has all of the stream. See `provenEnd`. */
  askForEnd(): void {
    setImmediate(() => {
      if (this.#log === undefined) return;
      this.#say(Buffer.concat([askForOffsets, askForOffsets]));
      this.#askedUntil = this.#options.history.offset;
      this.#askedFrom = this.#askedUntil - askForOffsets.length;
    });
  }

  /** Must be called every second. */
  ping(): void {
    const { replicas, server } = this.#options;
    const nowMs = server.environment.monotonicMs();
    const periodMs = server.settings.values["repl-ping-replica-period"] * secondMs;
    if (replicas.count === 0 || nowMs - this.#pingedAtMs < periodMs) return;
    this.#pingedAtMs = nowMs;
    this.#say(ping);
  }
}

/** Effects on their way into the stream. */
class StreamLog extends CommandLog implements StreamTarget {
  readonly #history: ReplicationHistory;

  constructor(history: ReplicationHistory, replicas: AttachedReplicas) {
    super({
      write: (bytes) => {
        history.stream?.append(bytes);
        replicas.send();
      },
    });
    this.#history = history;
  }

  get offset(): number {
    return this.#history.offset + this.pendingBytes;
  }
}
