import type { Encrypted } from "./client-channel.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { Client } from "./client.ts";

// The interfaces that commands need from parts outside of dispatch, or from parts that are built on dispatch.

export type PauseMode = "write" | "all";

/** Why clients are paused: by CLIENT PAUSE, or by the server itself. Each reason has its own end. */
export type PauseReason = "client pause" | "shutdown" | "failover";

/** CLIENT PAUSE, and the pauses of SHUTDOWN and FAILOVER. */
export interface PauseSwitch {
  /** Undefined while clients are not paused. */
  readonly mode: PauseMode | undefined;
  /**
   * Pauses clients for so many milliseconds. Extends the pause for this reason, if there is one: it may become longer and
   * stricter, not shorter or milder.
   */
  pause(lengthMs: number, mode: PauseMode, reason: PauseReason): void;
  /** Ends the pause for this reason. The held requests run when there is no other reason left. */
  unpause(reason: PauseReason): void;
  /** The client has disconnected: its held request does not run. Whether it had one. */
  forget(asking: { readonly client: Client }): boolean;
}

/** maxmemory. */
export interface MemoryPressure {
  /** When the client's command began, the data was above its limit, and nothing more could be evicted. */
  readonly exceeded: boolean;
  /** How long the data has been above its limit without a break. */
  readonly currentExcessMs: number;
  readonly totalExcessMs: number;
  resetStatistics(): void;
  /** Must be called when the server has become a replica, or a primary. */
  update(): void;
}

/** Serves clients although a script keeps the event loop from running. */
export interface StuckService {
  /** Whether it serves, or is about to: then it goes on until `end`, also while the script is paused. */
  readonly isServing: boolean;
  /**
   * Called every few milliseconds while the script cannot be paused, and whenever a paused script goes on. What clients
   * ask for runs within `asPaused`. False when no client is there or is expected soon.
   */
  serve(asPaused: (work: () => void) => void): boolean;
  /** The script has ended: the event loop serves all clients again. */
  end(): void;
}

/** Whether a server writes a snapshot when it ends. */
export type SaveAtEnd = "always" | "never" | "by-settings";

/** How a server is to end. */
export interface ShutdownRequest {
  readonly save: SaveAtEnd;
  /** Ends also when the snapshot cannot be written. */
  readonly force: boolean;
  /** Ends without waiting for replicas. */
  readonly now: boolean;
  /** Called when the server was to wait for replicas first, and then does not end. */
  readonly onCancelled?: () => void;
}

/** "refused": the requested snapshot cannot be written, so the server keeps running. */
export type ShutdownOutcome = "ends" | "waits for replicas" | "refused";

export interface ServerProcess {
  /** 40 hexadecimal digits, new at each start. */
  readonly runId: string;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  /** The same moment by the monotonic clock. */
  readonly startedAtMonotonicMs: number;
  readonly shutdown: ShutdownPort;
}

/** SHUTDOWN. */
export interface ShutdownPort {
  /** Ends the server soon, or when its replicas have caught up, or at the end of shutdown-timeout. */
  request(request: ShutdownRequest): ShutdownOutcome;
  /** Ends the wait for replicas, and the server keeps running. False when it does not wait. */
  abort(): boolean;
  /** How long the server still waits for its replicas at most; undefined when it does not. */
  readonly leftMs: number | undefined;
}

/** A snapshot that is being written in the background. */
export interface SnapshotProgress {
  /** Number of keys written so far, and of all keys. */
  readonly snapshot: { readonly taken: number; readonly total: number };
}

export interface LoadOptions {
  /** A log or a stream goes on from the snapshot: expired keys are loaded, too. */
  readonly beforeLog: boolean;
  /** Whether a key that exists already is an error, or is replaced. */
  readonly existing: "refuse" | "replace";
}

/** dump.rdb: SAVE, BGSAVE, and what INFO reports about them. */
export interface SnapshotStorage {
  /** Changes of the data since the last snapshot. */
  readonly changes: number;
  readonly inProgress: boolean;
  /** When the snapshot in the background was begun, by the monotonic clock. */
  readonly startedMs: number | undefined;
  readonly work: SnapshotProgress | undefined;
  readonly saves: number;
  /** Unix milliseconds. */
  readonly lastSaveMs: number;
  /** Duration of the last background snapshot in seconds; -1 before the first. */
  readonly lastSeconds: number;
  readonly lastFailed: boolean;
  readonly lastLoad: { readonly keys: number; readonly expired: number };
  /** The error reply for writes while snapshots fail. */
  readonly refusal: string | undefined;
  /** Writes a snapshot while every client waits. Throws the system's error. */
  save(): void;
  /** Begins to write a snapshot in the background. Throws the system's error. */
  begin(): void;
  /** Begins a background snapshot as soon as no other file is being written in the background. */
  schedule(): void;
  /** Reads the snapshot into the databases without clearing them. Throws RdbLoadError. */
  load(options: LoadOptions): void;
}

/** BGREWRITEAOF, and what INFO reports about it. */
export interface LogRewriting {
  /** When the running rewrite was begun, by the monotonic clock. */
  readonly startedMs: number | undefined;
  readonly isScheduled: boolean;
  readonly work: SnapshotProgress | undefined;
  /** Bytes of the log after the last rewrite, or at the start if there was none. */
  readonly baseBytes: number;
  readonly count: number;
  readonly failuresInRow: number;
  /** Duration of the last rewrite in seconds; -1 before the first. */
  readonly lastSeconds: number;
  readonly lastFailed: boolean;
  /** Begins a rewrite now, or as soon as the file that is being written in the background is complete. */
  begin(): "started" | "scheduled";
  /** No rewrite begins by itself in this time, in milliseconds, unless the log has four times the size at which one is due. */
  putOff(forMs: number): void;
}

/** The append-only log. */
export interface LogStorage {
  /** Whether commands are logged. */
  readonly isOn: boolean;
  /** Bytes of all files of the log. */
  readonly bytes: number;
  readonly rewriter: LogRewriting;
  /** Bytes written to the log, and those that are on the disk. Undefined while the log does not hold all data. */
  readonly progress: { readonly written: number; readonly synced: number } | undefined;
  /** Resolves when everything written so far is on the disk; rejects when that fails, and while there is no log. */
  sync(): Promise<void>;
  /** Bytes that wait in memory because they could not be written. */
  readonly unwrittenBytes: number;
  /** False while so much waits that a replica makes no further changes. */
  readonly takesMore: boolean;
  /** Whether the disk is syncing the log. */
  readonly isSyncing: boolean;
  /** How often a second went by without a sync, because the disk had not yet ended the one before. */
  readonly delayedSyncs: number;
  /** The file that holds what the start has cut off the end of the log; empty when it has cut off nothing. */
  readonly lastCutCopy: string;
  /** Runs `replace`, which puts another dataset into the server, and begins the log anew with that. */
  replaceDataset(replace: () => void): void;
  /** Replaces the dataset by the contents of the log, for tests. Throws LogLoadError and the like. */
  reload(): void;
}

/** Which data this is: what the history of this id had made of it at this offset. */
export interface StreamPosition {
  readonly id: string;
  readonly offset: number;
  /** The database that the stream has selected there. */
  readonly database: number;
}

/** How far a server has gone in a history that it has left. */
export type HistoryEnd = Pick<StreamPosition, "id" | "offset">;

/** The files of a server. */
export interface Storage {
  /** Where replication stood when the data was written with which this server has started, if that is known. */
  readonly loadedPosition: StreamPosition | undefined;
  readonly snapshots: SnapshotStorage;
  readonly log: LogStorage;
}

/** A link between this node and another one. */
export interface LinkStatus {
  readonly node: number;
  readonly isOpen: boolean;
  /** The other node has not answered for cluster-node-timeout, so that its keys are not served. */
  readonly gone: boolean;
  /** Milliseconds of the monotonic clock. */
  readonly openedAtMs: number;
  readonly heardAtMs: number;
  readonly pendingBytes: number;
}

/** The nodes of a ring, in the order of their names. A node's number is its index here. */
export interface MemberList {
  /** By number, also of nodes that have left. */
  readonly names: readonly string[];
  /** The numbers of the members at present, in the order of their names. */
  readonly nodes: readonly number[];
  readonly ids: readonly string[];
  readonly self: number;
  /** For each hash slot, the node that owns it. Another array when the owners change. */
  readonly owners: Uint16Array;
  /** The places on the ring, sorted. */
  readonly seats: readonly string[];
  /** For each place, the node that owns its slots. All others are their replicas. */
  readonly primaries: readonly number[];
  /** The primaries of the places that own slots. A place that joins or leaves may own none. */
  readonly owning: readonly number[];
  /** For each node, the one of which it is a replica: itself, if it owns slots. */
  readonly primaryOf: readonly number[];
}

/** Where clients reach a node. */
export interface NodeEndpoint {
  /** Its address, or a name if its name on the ring has one. */
  readonly ip: string;
  readonly port: number;
  /** The port for other nodes, which only CLUSTER NODES shows. */
  readonly busPort: number;
  /** Empty where it has announced none. */
  readonly hostname: string;
}

/** What belongs to the data of a place on the ring beside its keys, as text. Empty for nothing. */
export interface RingFacts {
  /** How much the data has of moves of slots that come to this place. */
  readonly moves: string;
  /** The open writes across places. */
  readonly writes: string;
}

/** A node's place in a ring that agrees on its members, as far as its data is concerned. */
export interface SeatPort {
  /** Which primary has put this node's data into their order; 0 for none. See 0076. */
  readonly epoch: number;
  /** Whether this node is the primary of its place, and may send its replicas anything. */
  readonly maySync: boolean;
  /** Whether this node may change the data of its place now. Without a lease, and while it hands over, it may not. */
  readonly mayServe: boolean;
  /** Whether this node may carry out now what is left of a client's last request, which has come before. */
  stillServes(client: { readonly seatEpoch: number | undefined }): boolean;
  /** A command of the primary's stream is about to run. */
  took(args: Arguments): void;
  /** Whether a unit of the primary's stream with this last command brings or removes keys with their slots: nobody has changed them. */
  isOfMove(last: Arguments): boolean;
  /** All data was replaced by that of this epoch. */
  replaced(epoch: number, facts: RingFacts): void;
  /** For a snapshot. */
  readonly facts: RingFacts;
  /** More of the primary's stream was applied, or is on the disk. */
  moved(): void;
  readonly operators: SeatOperators;
  readonly status: SeatStatus;
}

/** What operators ask of a node with a place on the ring. The functions throw error replies. */
export interface SeatOperators {
  /** A majority is asked for: this node is to be the primary, whatever it has. */
  takeOver(): void;
  /** The primary is to hand over to this node, which is a replica in sync. */
  handOver(): void;
  /** This node is about to end, and hands its place over if it serves one. Whether it does. */
  leave(): boolean;
  /** Whether it is handing over: it carries out nothing for its place. */
  readonly isHanding: boolean;
  /** How long it takes, in milliseconds, until all nodes know of a handover. */
  readonly spreadMs: number;
}

export interface SeatStatus {
  readonly seat: string;
  readonly role: "primary" | "replica" | "waiting";
  readonly leader: string | undefined;
  readonly term: number;
  readonly tableVersion: number;
  /** When each place got its primary, as the version of the table that named it; 0 for none yet. */
  readonly seatEpochs: ReadonlyMap<string, number>;
  readonly dataEpoch: number;
  readonly dataOffset: number;
  readonly inSync: readonly string[];
  /** Whether this node's votes, and the tables that it stores, reach the disk. */
  readonly stateFile: "ok" | "failing";
  /** Of this primary; 0 without a lease. */
  readonly leaseLeftMs: number;
  readonly waitingTurns: number;
  readonly waitingBytes: number;
  readonly waitingRequests: number;
  readonly failovers: number;
  readonly moving: MovingStatus;
}

/** The moves of slots, as this node sees them. */
export interface MovingStatus {
  /** Slots that still have to go to another place, anywhere in the ring. */
  readonly slotsLeft: number;
  /** Moves under way, anywhere in the ring. */
  readonly movesUnderWay: number;
  /** Those in which this node's place takes part, in words. */
  readonly moves: readonly string[];
  /** Keys that this node has removed because their slots belong to others. */
  readonly removedKeys: number;
  /** Whether it is removing such keys. */
  readonly isRemoving: boolean;
  /** How often a target was so slow that its copy had to begin anew. */
  readonly slowTargets: number;
}

/** The ring of nodes that this one has joined. */
export interface ClusterPort {
  readonly members: MemberList;
  readonly endpoints: { of(node: number, encrypted: Encrypted): NodeEndpoint };
  /** Undefined on a ring without replicas. */
  readonly seat: SeatPort | undefined;
  /** Links to the other nodes, by node number; undefined at this node's own. */
  readonly links: readonly (LinkStatus | undefined)[];
  /** Connections to and from other nodes. */
  readonly connectionCount: number;
  /** Links that other nodes have opened. */
  readonly incomingLinks: Iterable<Pick<LinkStatus, "node" | "openedAtMs" | "pendingBytes">>;
  /** Slots about whose owner the nodes disagree. */
  readonly disputedSlots: number;
  /** Requests that were relayed to other nodes; a transaction counts as one. */
  readonly relayedCount: number;
  /** A script begins: its keys must live in one slot. */
  beginScript(): void;
}

/** One key on its way to another server. */
export interface MigratingKey {
  readonly key: Uint8Array;
  /** The payload that DUMP returns for its value. */
  readonly payload: Uint8Array;
  /** Remaining time to live; 0 for no expiry. */
  readonly timeToLiveMs: number;
}

export interface TargetAddress {
  readonly host: string;
  readonly port: number;
  /** Longest time without any progress, while connecting and later. */
  readonly timeoutMs: number;
}

export interface Migration {
  readonly target: TargetAddress;
  /** Number of the database on the target. */
  readonly targetDatabase: number;
  /** A password, or a user's name and password. */
  readonly credentials: readonly Uint8Array[];
  /** The keys are copied: they also stay here. */
  readonly copies: boolean;
  /** Existing keys of the target are overwritten. */
  readonly replaces: boolean;
  readonly keys: readonly MigratingKey[];
}

/** MIGRATE. */
export interface MigrationPort {
  /**
   * Begins to send the keys, which are in the client's database. The reply comes when all are sent. `isAsSent` compares
   * a key with what was sent, as a safeguard against a change meanwhile.
   */
  begin(asking: { readonly client: Client }, migration: Migration, isAsSent: (key: MigratingKey) => boolean): void;
}

/** What a replica says about itself before it asks for data. What is left out stays as it was. */
export interface ReplicaIntroduction {
  /** The port where it serves clients. */
  readonly port?: number;
  /** The address to be announced for it. */
  readonly address?: string;
  /** It can take a snapshot whose length is not known in advance. */
  readonly takesEndMark?: boolean;
  /** It understands that the id of a history changes. */
  readonly takesSecondId?: boolean;
}

/** What a replica wants: byte `next` of history `id` and what follows, or all data. */
export type SyncRequest =
  | {
      readonly id: string;
      readonly next: number;
      /** This server's primary asks it to become the primary, and to have the former one as its replica: FAILOVER. */
      readonly takesOver: boolean;
    }
  | "everything";

/** How far a FAILOVER is. */
export type FailoverState = "no-failover" | "waiting-for-sync" | "failover-in-progress";

export interface FailoverRequest {
  /** The replica that takes over; undefined for the first one that has all changes. */
  readonly target: { readonly host: string; readonly port: number } | undefined;
  /** How long the replica may take to catch up; undefined for ever. */
  readonly timeoutMs: number | undefined;
  /** After that time the replica takes over without the changes that it lacks. */
  readonly force: boolean;
}

/** Who has what a client has done so far. */
export interface Acknowledgements {
  readonly replicas: number;
  /** Replicas whose disks have it. */
  readonly disksOfReplicas: number;
  /** Whether the log of this server has it on the disk. */
  readonly isOnDisk: boolean;
}

export interface ReplicaStatus {
  readonly address: string;
  readonly port: number;
  readonly state: "waits" | "gets snapshot" | "has snapshot" | "online";
  /** Its snapshot is sent as it is taken, and not from a file. */
  readonly getsSnapshotAsTaken: boolean;
  readonly ackedOffset: number;
  /** Seconds since it last acknowledged something. */
  readonly lagSeconds: number;
}

/** The primary that a replica follows. */
export interface PrimaryStatus {
  readonly host: string;
  readonly port: number;
  readonly state: "connect" | "connecting" | "handshake" | "sync" | "connected";
  /** Seconds since something was heard from it; -1 without a connection. */
  readonly silentSeconds: number;
  /** Seconds since the connection ended; undefined while there is one. */
  readonly downSeconds: number | undefined;
  /** Seconds until it is tried again; undefined while no pause runs. */
  readonly retrySeconds: number | undefined;
  /** The stream waits: a snapshot of this server first takes values that the next change concerns. */
  readonly waitsForSnapshot: boolean;
  /** A snapshot that has arrived is read, while clients are served the data from before. */
  readonly isLoading: boolean;
  /** The snapshot that is arriving. Its size is undefined where a mark ends it. */
  readonly snapshot:
    | { readonly receivedBytes: number; readonly totalBytes: number | undefined; readonly silentSeconds: number }
    | undefined;
}

export interface ReplicationStatus {
  /** Undefined on a primary. */
  readonly primary: PrimaryStatus | undefined;
  readonly replicas: readonly ReplicaStatus[];
  readonly failover: FailoverState;
  readonly id: string;
  readonly secondId: string;
  readonly offset: number;
  readonly secondOffset: number;
  /** The part of the stream that is kept, as offsets before its first and after its last byte. */
  readonly backlog: { readonly start: number; readonly end: number } | undefined;
}

/** Replication: this server's replicas, and the primary that it follows. */
export interface ReplicationPort {
  readonly status: ReplicationStatus;
  /** Replicas that have acknowledged something within min-replicas-max-lag. */
  readonly goodReplicas: number;
  /** REPLICAOF: follows this primary from now on. Throws the error reply. */
  follow(host: string, port: number): "follows" | "has followed before";
  /** How far this server's data is in the history that it has. */
  readonly offset: number;
  /** On a ring with replicas: is neither a primary nor a replica from now on. Its data is at this offset. */
  waitForRole(offset: number): void;
  /** On a ring with replicas: follows this primary from now on. */
  followInRing(host: string, port: number): void;
  /** On a ring with replicas: follows nobody any more, and has no role until it gets one. */
  endInRing(): void;
  /** On a ring with replicas: is the primary from now on, and keeps a stream for its replicas. */
  serveInRing(): void;
  /** REPLICAOF NO ONE: is a primary from now on. */
  promote(): void;
  /** A snapshot is being taken for replicas. */
  readonly isTakingSnapshot: boolean;
  /** Where the data is, for a snapshot of it; undefined while there is no stream. */
  mark(): StreamPosition | undefined;
  /** Histories before the present one that the data goes on from, the latest last. */
  readonly formerHistories: readonly HistoryEnd[];
  /** FAILOVER: a replica becomes the primary, and this server its replica. Throws the error reply. */
  beginFailover(request: FailoverRequest): void;
  /** Throws the error reply when there is no failover. */
  abortFailover(): void;
  /** WAIT and WAITAOF: asks the replicas how far they are, and says who has what the client has done so far. */
  acknowledgements(asking: { readonly client: Client }): Acknowledgements;
  /** The log has been synced, or turned off. */
  logSynced(): void;
  /** Asks the replicas how far they are. */
  askForAcknowledgements(): void;
  /** REPLCONF, before PSYNC. */
  introduce(asking: { readonly client: Client }, introduction: ReplicaIntroduction): void;
  /** PSYNC and SYNC: the client's connection becomes that of a replica. Throws the error reply. */
  attach(asking: { readonly client: Client }, request: SyncRequest): void;
}
