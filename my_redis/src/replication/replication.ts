import type { Client } from "../dispatch/client.ts";
import type { Services } from "../dispatch/context.ts";
import type {
  Acknowledgements,
  FailoverRequest,
  ReplicaIntroduction,
  ReplicationPort,
  ReplicationStatus,
  HistoryEnd,
  StreamPosition,
  SyncRequest,
} from "../dispatch/ports.ts";
import { answer } from "../dispatch/replies.ts";
import type { Connect } from "../network/transport.ts";
import type { Turn } from "../network/turn.ts";
import { CommandError } from "../protocol/command-error.ts";
import { DirectiveError } from "../settings/directive.ts";
import { AcknowledgedWrites } from "./acknowledged-writes.ts";
import { AttachedReplicas } from "./attached-replicas.ts";
import { Failover } from "./failover.ts";
import { FollowedPrimary, type FollowedPrimaryOptions, requireFiles } from "./followed-primary.ts";
import { FullSyncs } from "./full-syncs.ts";
import { ReplicaAdmission } from "./replica-admission.ts";
import { ReplicationHistory } from "./replication-history.ts";
import { RoleChecks } from "./role-checks.ts";
import type { PrimaryAddress } from "./primary-link.ts";
import { StreamFeed } from "./stream-feed.ts";

const secondMs = 1000;

interface Asking {
  readonly client: Client;
}

export interface ReplicationOptions {
  readonly connect: Connect;
  readonly turn: Turn;
}

/**
 * Replication as Redis speaks it. The effects of all commands go into one stream, beside the append-only log. Replicas
 * get a snapshot and then the stream, or only what they lack of the stream. A replica passes the stream of its primary on
 * to its own replicas, byte by byte.
 */
export class Replication implements ReplicationPort {
  readonly #server: Services;
  readonly #options: ReplicationOptions;
  readonly #history: ReplicationHistory;
  readonly #replicas: AttachedReplicas;
  readonly #fullSyncs: FullSyncs;
  readonly #checks: RoleChecks;
  readonly #acknowledged: AcknowledgedWrites;
  readonly #admission: ReplicaAdmission;
  readonly #feed: StreamFeed;
  readonly #failover: Failover;
  /** Undefined on a primary. */
  #primary: FollowedPrimary | undefined;
  /** A node of a ring with replicas that is neither a primary nor a replica at present. */
  #isIdle = false;
  #secondAtMs = 0;

  constructor(server: Services, options: ReplicationOptions) {
    this.#server = server;
    this.#options = options;
    this.#history = new ReplicationHistory(server.environment.runId);
    this.#fullSyncs = new FullSyncs({ server, mark: () => this.#feed.mark() });
    this.#replicas = new AttachedReplicas({
      server,
      history: this.#history,
      fullSyncs: this.#fullSyncs,
      onChange: () => {
        this.#failover.tick();
        this.#acknowledged.answerWaiting();
      },
    });
    const [history, replicas] = [this.#history, this.#replicas];
    this.#feed = new StreamFeed({ server, history, replicas });
    const parts = { server, history, replicas, feed: this.#feed };
    this.#acknowledged = new AcknowledgedWrites(parts);
    const isConnected = (): boolean | undefined => (this.#isIdle ? false : this.#primary?.isConnected);
    this.#admission = new ReplicaAdmission({
      ...parts,
      isConnected,
      isFailingOver: () => this.#failover.isRunning,
      promote: () => this.promote(),
    });
    this.#failover = new Failover({
      server,
      replicas: () => this.#replicas.all,
      provenEnd: () => this.#feed.provenEnd,
      askForEnd: () => this.#feed.askForEnd(),
      handOver: (target, known) => this.#follow(target, { known }),
      takeBack: () => this.promote(),
    });
    this.#checks = new RoleChecks({ server, goodReplicas: () => this.goodReplicas, isConnected });
  }

  /** Goes on where the loaded data stands, and follows the primary that redis.conf names. Throws DirectiveError. */
  start(): void {
    this.#checks.update();
    const { cluster, keyspace, settings, storage } = this.#server;
    const [host, port] = settings.values.replicaof;
    const position = storage?.loadedPosition;
    // The directive "databases" may allow less than when that was written.
    if (position !== undefined && cluster === undefined && keyspace.databases[position.database] !== undefined) {
      this.#history.resume(position);
      if (host === undefined) this.#beginHistory();
    }
    if (host === undefined) return;
    try {
      this.follow(host, Number(port));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      throw new DirectiveError(`replicaof: ${error.message.replace(/^ERR /, "")}`);
    }
  }

  // --- as a replica ---

  follow(host: string, port: number): "follows" | "has followed before" {
    if (this.#server.cluster !== undefined) throw new CommandError("ERR REPLICAOF not allowed in cluster mode.");
    requireFiles(this.#server);
    const before = this.#primary?.address;
    if (before?.host === host && before.port === port) return "has followed before";
    this.#follow({ host, port });
    return "follows";
  }

  followInRing(host: string, port: number): void {
    const { environment, execution } = this.#server;
    // What a script has changed that is half done is in no stream. Only a full synchronisation takes it back.
    const { offset } = this.#history;
    if (!execution.isAtRest) this.#history.resume({ id: environment.runId(), offset, database: 0 });
    this.#isIdle = false;
    this.#follow({ host, port });
  }

  #follow(address: PrimaryAddress, takeOver?: FollowedPrimaryOptions["takeOver"]): void {
    const { environment, settings } = this.#server;
    const { host, port } = address;
    this.#primary?.stop();
    this.#feed.end();
    this.#primary = new FollowedPrimary({
      ...{ server: this.#server, history: this.#history, ...this.#options },
      address,
      takeOver,
      onAnswered: (isAccepted) => this.#failover.answered(isAccepted),
      onNewHistory: (reason) => {
        this.#checks.dataReplaced();
        this.#replicas.dropAll(reason);
        this.#fullSyncs.stop();
      },
      onStream: () => this.#replicas.send(),
    });
    if (this.#server.cluster === undefined) settings.values.replicaof = [host, String(port)];
    this.#checks.update();
    this.#endBlocking();
    environment.report("notice", `this server is a replica of ${host}:${port}`);
    this.#primary.tick();
  }

  /** What blocked clients wait for may never come: their commands write, which a replica does not allow. */
  #endBlocking(): void {
    const { clients, process, processor, replies } = this.#server;
    const mayShutDown = process.shutdown.leftMs !== undefined;
    const text = "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";
    for (const { client } of [...clients.connected.values()]) {
      // SHUTDOWN waits for no key, and goes on when this server has handed over.
      if (client.blocked === undefined || (mayShutDown && client.blocked.keys.length === 0)) continue;
      answer(replies, client, (reply) => processor.writeError(reply, text), "nothing");
      client.channel.closeAfterReplies();
    }
  }

  promote(): void {
    if (this.#primary === undefined) return;
    const { environment, settings, storage } = this.#server;
    this.#primary.stop();
    this.#primary = undefined;
    settings.values.replicaof = [];
    if (this.#history.stream !== undefined) this.#beginHistory();
    this.#replicas.dropAll("this server has become a primary");
    // A snapshot that could not be loaded has left the log off.
    if (settings.values.appendonly && storage?.log.isOn === false) storage.log.replaceDataset(() => {});
    this.#checks.update();
    environment.report("notice", `this server is a primary from offset ${this.#history.offset} on`);
  }

  waitForRole(offset: number): void {
    const { environment, keyspace, storage } = this.#server;
    this.#isIdle = true;
    // Only after an orderly end it is known of which history the data is.
    const ended = storage?.loadedPosition;
    const isKnown = ended !== undefined && ended.offset >= offset && keyspace.databases[ended.database] !== undefined;
    this.#history.resume(isKnown ? ended : { id: environment.runId(), offset, database: 0 });
    this.#checks.update();
  }

  endInRing(): void {
    this.#primary?.stop();
    this.#primary = undefined;
    this.#isIdle = true;
    this.#checks.update();
  }

  serveInRing(): void {
    this.#primary?.stop();
    this.#primary = undefined;
    this.#isIdle = false;
    this.#history.keepStream();
    if (!this.#feed.isOn) this.#beginHistory();
    this.#checks.update();
  }

  get offset(): number {
    return this.#feed.isOn ? this.#server.changes.streamOffset : this.#history.offset;
  }

  /** Changes are this server's own from here on. Replicas that know the history by its old id can go on from here. */
  #beginHistory(): void {
    this.#history.branch();
    this.#feed.begin();
  }

  get isTakingSnapshot(): boolean {
    return this.#fullSyncs.isRunning;
  }

  get formerHistories(): readonly HistoryEnd[] {
    return this.#history.former;
  }

  mark(): StreamPosition | undefined {
    return this.#history.stream === undefined ? undefined : this.#feed.mark();
  }

  beginFailover(request: FailoverRequest): void {
    this.#server.changes.flush();
    this.#failover.begin(request);
  }

  abortFailover(): void {
    if (!this.#failover.isRunning) throw new CommandError("ERR No failover in progress.");
    // Otherwise there could be two primaries.
    if (this.#primary?.mayBeTakingOver === true) {
      throw new CommandError("ERR The replica has been asked to take over, and has not answered yet. Try again.");
    }
    this.#failover.abort("Failover manually aborted");
  }

  // --- as a primary, or for replicas of a replica ---

  introduce({ client }: Asking, introduction: ReplicaIntroduction): void {
    this.#admission.introduce(client, introduction);
  }

  attach({ client }: Asking, request: SyncRequest): void {
    this.#admission.attach(client, request);
  }

  /** Ends the stream when there has been no replica for repl-backlog-ttl. */
  #endIfUnused(): void {
    const ttlMs = this.#server.settings.values["repl-backlog-ttl"] * secondMs;
    if (!this.#feed.isOn || this.#server.cluster !== undefined || ttlMs === 0 || this.#replicas.emptyForMs <= ttlMs)
      return;
    this.#feed.end();
    this.#history.dropStream();
  }

  get goodReplicas(): number {
    return this.#replicas.inTouch(this.#server.settings.values["min-replicas-max-lag"]);
  }

  acknowledgements({ client }: Asking): Acknowledgements {
    return this.#acknowledged.by(client);
  }

  logSynced(): void {
    this.#primary?.logSynced();
    this.#server.cluster?.seat?.moved();
    this.#acknowledged.answerWaiting();
  }

  askForAcknowledgements(): void {
    this.#feed.askForOffsets();
  }

  /** Must be called several times a second, between two turns. */
  tick(): void {
    this.#primary?.tick();
    this.#failover.tick();
    this.#checks.tick();
    if (this.#primary?.isConnected !== false) this.#fullSyncs.tick();
    const nowMs = this.#server.environment.monotonicMs();
    if (nowMs - this.#secondAtMs < secondMs) return;
    this.#secondAtMs = nowMs;
    this.#replicas.checkAll();
    this.#acknowledged.tidy();
    this.#endIfUnused();
    // The replica that is to take over would never be at the end of the stream.
    if (!this.#failover.isRunning) this.#feed.ping();
  }

  get status(): ReplicationStatus {
    const history = this.#history;
    const { stream } = history;
    return {
      primary: this.#primary?.status,
      replicas: [...this.#replicas.all].map((replica) => ({
        address: replica.address,
        port: replica.facts.port,
        state: replica.state,
        getsSnapshotAsTaken: replica.facts.takesEndMark,
        ackedOffset: replica.ackedOffset,
        lagSeconds: replica.ackedAtMs === 0 ? 0 : this.#replicas.lagOf(replica),
      })),
      failover: this.#failover.state,
      id: history.id,
      secondId: history.secondId,
      offset: history.offset,
      secondOffset: history.secondOffset,
      backlog: stream === undefined ? undefined : { start: stream.start, end: stream.end },
    };
  }

  stop(): void {
    this.#primary?.stop();
    this.#fullSyncs.stop();
  }
}
