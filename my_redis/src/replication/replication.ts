import type { Client } from "../dispatch/client.ts";
import type { Services } from "../dispatch/context.ts";
import type { ReplicaIntroduction, ReplicationPort, ReplicationStatus, SyncRequest } from "../dispatch/ports.ts";
import { CommandLog } from "../persistence/aof/command-log.ts";
import { CommandError } from "../protocol/command-error.ts";
import type { ReplicaFacts } from "./attached-replica.ts";
import { AttachedReplicas } from "./attached-replicas.ts";
import { FullSyncs } from "./full-syncs.ts";
import { ReplicationHistory } from "./replication-history.ts";

const secondMs = 1000;
const ping = Buffer.from("*1\r\n$4\r\nPING\r\n", "latin1");

/**
 * Replication as Redis speaks it. The effects of all commands go into one stream, beside the append-only log. Replicas
 * get a snapshot and then the stream, or only what they lack of the stream.
 */
export class Replication implements ReplicationPort {
  readonly #server: Services;
  readonly #history: ReplicationHistory;
  readonly #replicas: AttachedReplicas;
  readonly #fullSyncs: FullSyncs;
  /** Writes the effects into the stream; undefined while there is no stream. */
  #feed: CommandLog | undefined;
  readonly #introductions = new WeakMap<Client, ReplicaFacts>();
  #secondAtMs = 0;
  #pingedAtMs = 0;

  constructor(server: Services) {
    this.#server = server;
    this.#history = new ReplicationHistory(server.environment.runId);
    this.#fullSyncs = new FullSyncs({ server, mark: () => this.#mark() });
    this.#replicas = new AttachedReplicas({
      server,
      history: this.#history,
      fullSyncs: this.#fullSyncs,
      onChange: () => {},
    });
  }

  /** The snapshot that begins now shows the data at this offset. */
  #mark(): { id: string; offset: number; database: number } {
    this.#server.changes.flush();
    this.#feed?.forgetDatabase();
    return { id: this.#history.id, offset: this.#history.offset, database: 0 };
  }

  introduce({ client }: { readonly client: Client }, { port, address, takesEndMark, takesSecondId }: ReplicaIntroduction): void {
    const facts = this.#factsOf(client);
    facts.port = port ?? facts.port;
    facts.address = address ?? facts.address;
    facts.takesEndMark ||= takesEndMark === true;
    facts.takesSecondId ||= takesSecondId === true;
  }

  #factsOf(client: Client): ReplicaFacts {
    let facts = this.#introductions.get(client);
    if (facts === undefined) {
      facts = { port: 0, address: "", takesEndMark: false, takesSecondId: false };
      this.#introductions.set(client, facts);
    }
    return facts;
  }

  attach({ client }: { readonly client: Client }, request: SyncRequest): void {
    const { cluster } = this.#server;
    const { channel } = client;
    if (cluster !== undefined) throw new CommandError("ERR a node of a ring (self) has no replicas yet");
    if (channel.takeOver === undefined) throw new CommandError("ERR this connection cannot become that of a replica");
    const facts = this.#factsOf(client);
    const takeOver = channel.takeOver.bind(channel);
    const asking = { client, facts, asksWithId: request !== "everything", takeOver };
    if (request !== "everything" && this.#history.canContinue(request.id, request.next)) {
      this.#replicas.continue(asking, request.next - 1);
      return;
    }
    if (!facts.takesEndMark) {
      throw new CommandError("ERR a replica must announce 'REPLCONF capa eof': a snapshot is sent without its length");
    }
    const waitMs = this.#replicas.pauseLeftMs(asking);
    if (waitMs > 0) {
      // Redis's replicas ask again later after this code.
      throw new CommandError(`NOMASTERLINK the last full synchronisation failed: try again in ${Math.ceil(waitMs)} ms`);
    }
    this.#begin();
    this.#replicas.synchronise(asking);
  }

  /** Effects go into the stream from now on. */
  #begin(): void {
    if (this.#feed !== undefined) return;
    const stream = this.#history.keepStream();
    const feed = new CommandLog({
      write: (bytes) => {
        stream.append(bytes);
        this.#replicas.send();
      },
    });
    this.#feed = feed;
    this.#server.changes.streamTo(feed);
  }

  /** Ends the stream when there has been no replica for repl-backlog-ttl. */
  #endIfUnused(): void {
    const ttlMs = this.#server.settings.values["repl-backlog-ttl"] * secondMs;
    if (this.#feed === undefined || ttlMs === 0 || this.#replicas.emptyForMs <= ttlMs) return;
    this.#server.changes.streamTo(undefined);
    this.#feed = undefined;
    this.#history.dropStream();
  }

  /** Adds a command without an effect to the stream, between two turns. */
  #say(bytes: Uint8Array): void {
    this.#server.changes.flush();
    this.#history.stream?.append(bytes);
    this.#replicas.send();
  }

  /** Must be called several times a second, between two turns. */
  tick(): void {
    this.#fullSyncs.tick();
    const nowMs = this.#server.environment.monotonicMs();
    if (nowMs - this.#secondAtMs < secondMs) return;
    this.#secondAtMs = nowMs;
    this.#replicas.checkAll();
    this.#endIfUnused();
    const periodMs = this.#server.settings.values["repl-ping-replica-period"] * secondMs;
    if (this.#replicas.count === 0 || nowMs - this.#pingedAtMs < periodMs) return;
    this.#pingedAtMs = nowMs;
    this.#say(ping);
  }

  get status(): ReplicationStatus {
    const history = this.#history;
    const { stream } = history;
    return {
      replicas: [...this.#replicas.all].map((replica) => ({
        address: replica.address,
        port: replica.facts.port,
        state: replica.state,
        ackedOffset: replica.ackedOffset,
        lagSeconds: replica.ackedAtMs === 0 ? 0 : this.#replicas.lagOf(replica),
      })),
      id: history.id,
      secondId: history.secondId,
      offset: history.offset,
      secondOffset: history.secondOffset,
      backlog: stream === undefined ? undefined : { start: stream.start, end: stream.end },
    };
  }

  stop(): void {
    this.#fullSyncs.stop();
  }
}
