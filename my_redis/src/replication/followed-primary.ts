import { join } from "node:path";
import type { Context, Services } from "../dispatch/context.ts";
import type { PrimaryStatus, StreamPosition } from "../dispatch/ports.ts";
import type { Connect } from "../network/transport.ts";
import type { Turn } from "../network/turn.ts";
import { type RdbFacts, readRdbFacts } from "../persistence/rdb/rdb-facts.ts";
import { RdbLoadError } from "../persistence/rdb/rdb-loader.ts";
import { snapshotPauseMs } from "../persistence/snapshot/unit-of-another.ts";
import { freeTemporarySnapshot, temporarySnapshot } from "../persistence/snapshot/temporary-snapshots.ts";
import { CommandError } from "../protocol/command-error.ts";
import type { HandshakeFacts } from "./handshake.ts";
import { type PrimaryAddress, PrimaryLink } from "./primary-link.ts";
import type { ReplicationHistory } from "./replication-history.ts";
import { SnapshotIntake } from "./snapshot-intake.ts";
import { StreamApplier } from "./stream-applier.ts";
import { SyncedOffset } from "./synced-offset.ts";

const secondMs = 1000;
/** The pause after a connection that brought no error of its own, and the longest one after full synchronisations. */
const reconnectMs = 1000;
const longestPauseMs = 60_000;
/** On a ring the primary is known to be there. It may not know yet that it is the primary. */
const ringReconnectMs = 50;

export interface FollowedPrimaryOptions {
  readonly server: Services;
  readonly connect: Connect;
  readonly turn: Turn;
  readonly history: ReplicationHistory;
  readonly address: PrimaryAddress;
  /** FAILOVER: until it has agreed, it is asked to take over. It has this history at least up to `known`. */
  readonly takeOver: HandshakeFacts["takeOver"];
  /** It has answered the request for its data. */
  readonly onAnswered: (isAccepted: boolean) => void;
  /** The history has changed in such a way that this server's own replicas must ask anew. */
  readonly onNewHistory: (reason: string) => void;
  /** More of the stream is there for this server's own replicas. */
  readonly onStream: () => void;
}

/** Throws the error reply when this server cannot be a replica. */
export function requireFiles({ storage }: Services): void {
  if (storage !== undefined) return;
  throw new CommandError("ERR a server that keeps everything in memory cannot take in the snapshot of a primary");
}

/**
 * The primary that this server follows. When the connection ends, it is made anew after a pause, and goes on where it
 * was if the primary allows that.
 */
export class FollowedPrimary {
  readonly address: PrimaryAddress;
  readonly #options: FollowedPrimaryOptions;
  readonly #applier: StreamApplier;
  #link: PrimaryLink | undefined;
  /** The link as a client in CLIENT LIST, while the stream comes. */
  #context: Context | undefined;
  /** A snapshot that is being loaded. */
  #intake: SnapshotIntake | undefined;
  #downSinceMs: number;
  #nextTryMs = 0;
  /** Full synchronisations that have failed since the link was last in order. */
  #failedSyncs = 0;
  /** When something was last sent to it without being asked. */
  #saidAtMs = 0;
  /** The offset of the last acknowledgement, and the one at the last tick. */
  #ackedOffset = -1;
  #offsetAtTick = -1;
  /** The primary has asked at this offset, and not everything up to there was on the disk; Infinity for no question. */
  #askedOffset = Number.POSITIVE_INFINITY;
  readonly #synced = new SyncedOffset();
  /** The file for the snapshot of this connection. */
  #snapshotPath = "";
  #lastReason = "";
  /** The primary is not read, because the log cannot be written. */
  #waitsForLog = false;
  #isStopped = false;
  #takeOver: HandshakeFacts["takeOver"];

  constructor(options: FollowedPrimaryOptions) {
    this.#options = options;
    this.address = options.address;
    this.#takeOver = options.takeOver;
    this.#downSinceMs = this.#nowMs;
    this.#applier = new StreamApplier({
      server: options.server,
      history: options.history,
      applied: (bytes, start, end) => options.history.stream?.append(bytes, start, end),
      asked: () => {
        this.#askedOffset = options.history.offset;
        this.#acknowledge();
      },
    });
  }

  get #nowMs(): number {
    return this.#options.server.environment.monotonicMs();
  }

  /** Where replicas of this server, and Sentinel, reach it. */
  get #listeningPort(): number {
    const { values } = this.#options.server.settings;
    const { port, "tls-port": tlsPort } = values;
    return (values["tls-replication"] && tlsPort > 0) || port === 0 ? tlsPort : port;
  }

  get isConnected(): boolean {
    return this.#link?.state === "connected";
  }

  /** It has been asked to take over, and may be doing so. */
  get mayBeTakingOver(): boolean {
    return this.#takeOver !== undefined && this.#link?.awaitsAnswer === true;
  }

  get status(): PrimaryStatus {
    const link = this.#link;
    const receiver = link?.receiver;
    const seconds = (sinceMs: number): number => Math.floor((this.#nowMs - sinceMs) / secondMs);
    return {
      ...this.address,
      state: link?.state ?? "connect",
      silentSeconds: link?.state === "connected" ? seconds(link.heardAtMs) : -1,
      downSeconds: link?.state === "connected" ? undefined : seconds(this.#downSinceMs),
      waitsForSnapshot: this.#applier.isWaiting,
      retrySeconds: link === undefined ? Math.ceil(Math.max(0, this.#nextTryMs - this.#nowMs) / secondMs) : undefined,
      isLoading: this.#intake !== undefined,
      snapshot:
        link?.state === "sync"
          ? {
              receivedBytes: receiver?.receivedBytes ?? 0,
              totalBytes: receiver?.totalBytes,
              silentSeconds: seconds(link.heardAtMs),
            }
          : undefined,
    };
  }

  /** Must be called several times a second, between two turns. */
  tick(): void {
    const nowMs = this.#nowMs;
    const link = this.#link;
    if (link === undefined) {
      if (!this.#isStopped && nowMs >= this.#nextTryMs) this.#connect();
      return;
    }
    const { settings } = this.#options.server;
    const timeout = settings.values["repl-timeout"];
    link.goOn();
    const isDue = nowMs - this.#saidAtMs >= secondMs;
    if (this.#intake !== undefined) {
      if (!isDue) return;
      this.#saidAtMs = nowMs;
      link.keepAwake();
    } else if (nowMs - link.heardAtMs > timeout * secondMs) {
      link.end(`nothing was heard from the primary for more than ${timeout} seconds (repl-timeout)`);
    } else if (link.state === "connected" && (isDue || this.#hasCaughtUp())) this.#acknowledge();
  }

  /**
   * Nothing more has come since the last tick. A primary that hands over has stopped the writes of its clients, and waits
   * for this: the acknowledgement that is due every second would let them wait for a second.
   */
  #hasCaughtUp(): boolean {
    const { offset } = this.#options.history;
    const isQuiet = offset === this.#offsetAtTick;
    this.#offsetAtTick = offset;
    return isQuiet && offset !== this.#ackedOffset;
  }

  #mayApply(): boolean {
    const { cluster, environment, execution, pause, storage } = this.#options.server;
    // A pause holds the changes of all clients back, and the primary is one of them. A ring relies on its replicas.
    if (this.isConnected && pause.mode !== undefined && cluster === undefined) return false;
    // A script sees the data of one moment, also when it is paused.
    if (!execution.isAtRest) return false;
    const mustWait = storage?.log.takesMore === false;
    if (mustWait && !this.#waitsForLog) {
      const bytes = storage.log.unwrittenBytes;
      const text = `its append-only file cannot be written, and ${bytes} bytes wait for it: the primary is not read until then`;
      environment.report("warning", text);
    }
    this.#waitsForLog = mustWait;
    return !mustWait;
  }

  #connect(): void {
    const { connect, history, server } = this.#options;
    const { values } = server.settings;
    const { masteruser } = values;
    // Nodes of a ring authenticate to each other in the same way for both.
    const masterauth =
      values.masterauth === "" && server.cluster !== undefined ? values.requirepass : values.masterauth;
    const credentials = masterauth === "" ? [] : masteruser === "" ? [masterauth] : [masteruser, masterauth];
    const position = history.stream === undefined ? undefined : { id: history.id, next: history.offset + 1 };
    this.#snapshotPath = temporarySnapshot(join(values.dir, values.dbfilename), "replica");
    this.#link = new PrimaryLink({
      connect,
      address: this.address,
      handshake: {
        credentials,
        position,
        takeOver: this.#takeOver,
        port: values["replica-announce-port"] || this.#listeningPort,
        address: values["replica-announce-ip"],
      },
      snapshotPath: this.#snapshotPath,
      environment: server.environment,
      mayRead: () => !this.#applier.isWaiting && this.#mayApply(),
      answered: (isAccepted) => {
        this.#takeOver = undefined;
        this.#options.onAnswered(isAccepted);
      },
      continued: (id, link) => this.#continued(id, link),
      received: (snapshot, id, offset, link) => this.#received(snapshot, { id, offset }, link),
      streamed: (chunk) => this.#streamed(chunk),
      lost: (reason, link) => this.#lost(reason, link),
    });
  }

  #continued(id: string | undefined, link: PrimaryLink): void {
    const { history, onNewHistory, server } = this.#options;
    server.environment.report("notice", `the primary goes on at offset ${history.offset}`);
    if (id !== undefined && id !== history.id) {
      history.branch(id);
      onNewHistory("its primary has another history id now");
    }
    this.#connected(link);
  }

  #received(path: string, from: Pick<StreamPosition, "id" | "offset">, link: PrimaryLink): void {
    const { history, onNewHistory, server } = this.#options;
    const facts = readRdbFacts(path);
    if (facts.isEmpty && !history.isContinuedBy(from.id, facts.formerHistories)) this.#refuseEmpty();
    this.#intake = new SnapshotIntake({
      server,
      path,
      onReplace: () => onNewHistory("all data is replaced by that of the primary"),
      onEnd: (failure, isIntact) => {
        this.#intake = undefined;
        if (failure === undefined) this.#adopt(from, facts, link);
        else if (!isIntact) {
          history.dropStream();
          server.cluster?.seat?.replaced(0, { moves: "", writes: "" });
        }
        link.tookSnapshot(failure && notLoaded(failure, isIntact));
      },
    });
    this.#intake.begin();
  }

  #adopt({ id, offset }: Pick<StreamPosition, "id" | "offset">, facts: RdbFacts, link: PrimaryLink): void {
    const { history, server } = this.#options;
    const database = facts.position?.database ?? 0;
    history.adopt(id, offset, facts.formerHistories);
    history.database = server.keyspace.databases[database] === undefined ? 0 : database;
    server.cluster?.seat?.replaced(facts.ringEpoch, facts.ofRing);
    this.#connected(link);
  }

  /** A primary that has lost its data must not take it from its replicas, too. */
  #refuseEmpty(): void {
    const { cluster, keyspace, settings } = this.#options.server;
    // A ring with replicas has agreed on whose data counts.
    if (!settings.values["replica-refuse-empty-primary"] || cluster?.seat !== undefined) return;
    const keys = keyspace.databases.reduce((sum, { keys: { size } }) => sum + size, 0);
    if (keys === 0) return;
    throw new Error(
      `it has no data, and another history than this server, which keeps its ${keys} keys. If they are to be given up: ` +
        "CONFIG SET replica-refuse-empty-primary no",
    );
  }

  #connected(link: PrimaryLink): void {
    link.state = "connected";
    this.#failedSyncs = 0;
    this.#lastReason = "";
    this.#context = this.#options.server.clients.addPrimary(link);
    this.#applier.begin(this.#context);
    this.#acknowledge();
    this.#options.server.cluster?.seat?.moved();
  }

  #streamed(chunk: Uint8Array): string | undefined {
    const { onStream, server, turn } = this.#options;
    let isApplied = true;
    turn.run(() => {
      isApplied = chunk.length > 0 ? this.#applier.feed(chunk) : this.#applier.goOn();
    });
    if (this.#context !== undefined) this.#context.client.lastActiveMs = server.clock.monotonicMs;
    onStream();
    server.cluster?.seat?.moved();
    if (this.#applier.isWaiting) this.#goOnSoon(this.#link);
    if (isApplied) return undefined;
    // The same bytes would be as wrong the next time.
    this.#options.history.dropStream();
    return this.#applier.problem;
  }

  /** A unit waits for a snapshot of this server. */
  #goOnSoon(link: PrimaryLink | undefined): void {
    const goOn = (): void => {
      if (link === undefined || this.#link !== link) return;
      if (this.#mayApply()) link.applyRest();
      else this.#goOnSoon(link);
    };
    setTimeout(goOn, snapshotPauseMs).unref();
  }

  #acknowledge(): void {
    this.#saidAtMs = this.#nowMs;
    if (!this.isConnected) return;
    const { history, server } = this.#options;
    const { offset } = history;
    // What was applied in this turn is in the log, too.
    server.changes.flush();
    this.#ackedOffset = offset;
    const synced = this.#synced.at(offset, server.storage?.log.progress);
    this.#link?.send("REPLCONF", "ACK", offset, ...(synced === undefined ? [] : ["FACK", synced]));
    if (synced !== undefined && synced >= this.#askedOffset) this.#askedOffset = Number.POSITIVE_INFINITY;
  }

  /** More of this server's log is on the disk: a primary that has asked how far this server is wants to know. */
  logSynced(): void {
    if (this.#askedOffset < Number.POSITIVE_INFINITY) this.#acknowledge();
  }

  #lost(reason: string, link: PrimaryLink): void {
    const { environment } = this.#options.server;
    if (this.#context !== undefined) {
      this.#options.server.clients.remove(this.#context);
      this.#downSinceMs = this.#nowMs;
    }
    this.#context = undefined;
    this.#link = undefined;
    this.#applier.end();
    this.#intake?.cancel();
    this.#intake = undefined;
    freeTemporarySnapshot(this.#snapshotPath);
    if (link.hasFailedSync) this.#failedSyncs++;
    const firstMs = this.#options.server.cluster === undefined ? reconnectMs : ringReconnectMs;
    const pauseMs = Math.min(longestPauseMs, firstMs * 2 ** Math.min(this.#failedSyncs, 10));
    this.#nextTryMs = this.#nowMs + pauseMs;
    const { host, port } = this.address;
    // One line for one cause, and not for each attempt. But where a full synchronisation began, the log says how it ended.
    if (!this.#isStopped && (reason !== this.#lastReason || link.state === "sync")) {
      environment.report("warning", `the primary ${host}:${port} is not followed: ${reason}. It is tried again`);
    }
    this.#lastReason = reason;
  }

  /** Ends the connection, and makes no other one. */
  stop(): void {
    this.#isStopped = true;
    this.#link?.end("this server follows it no longer");
  }
}

/** Why the snapshot was not taken in, for the log. */
function notLoaded(failure: Error, isIntact: boolean): string {
  const problem = failure instanceof RdbLoadError ? failure.problem : failure.message;
  return `its snapshot cannot be loaded, and this server ${isIntact ? "keeps its data" : "has no data now"}: ${problem}`;
}
