import type { Client } from "./client.ts";

// What commands need of parts that stand outside of dispatch, or that stand on it.

export type PauseMode = "write" | "all";

/** CLIENT PAUSE. */
export interface PauseSwitch {
  /** Undefined while clients are not paused. */
  readonly mode: PauseMode | undefined;
  /** Clients whose requests are held back. */
  readonly heldCount: number;
  /** A pause that is under way may become longer and stricter, not shorter or milder. */
  pause(untilMs: number, mode: PauseMode): void;
  /** Ends the pause and runs what was held back. */
  unpause(): void;
  /** The client has disconnected: what is held back of it does not run. */
  forget(asking: { readonly client: Client }): void;
}

/** maxmemory. */
export interface MemoryPressure {
  /** When the client's command began, the data was above its limit, and nothing could be evicted any more. */
  readonly exceeded: boolean;
  /** How long the data has been above its limit, since the last time that it was not. */
  readonly currentExcessMs: number;
  readonly totalExcessMs: number;
  resetStatistics(): void;
}

/** Whether a server ends with a snapshot. */
export type SaveAtEnd = "always" | "never" | "by-settings";

export interface ServerProcess {
  /** 40 hexadecimal digits, new at each start. */
  readonly runId: string;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  /**
   * Ends the server soon. False when the snapshot that is wanted cannot be written; then the server goes on, unless
   * `force` is given.
   */
  requestShutdown(wanted: SaveAtEnd, force: boolean): boolean;
}

/** A snapshot that is being written beside the work. */
export interface SnapshotProgress {
  /** Keys that are written, and keys that there are. */
  readonly snapshot: { readonly taken: number; readonly total: number };
}

export interface LoadOptions {
  /** An append-only log follows the snapshot in the same file. */
  readonly beforeLog: boolean;
  /** What becomes of a key that is there already. */
  readonly existing: "refuse" | "replace";
}

/** dump.rdb: SAVE, BGSAVE, and what INFO tells of them. Moments are Unix milliseconds. */
export interface SnapshotStorage {
  /** Changes of the data since the last snapshot. */
  readonly changes: number;
  readonly inProgress: boolean;
  readonly startedMs: number | undefined;
  readonly work: SnapshotProgress | undefined;
  readonly saves: number;
  readonly lastSaveMs: number;
  /** Seconds that the last one beside the work took; -1 before the first. */
  readonly lastSeconds: number;
  readonly lastFailed: boolean;
  readonly lastLoad: { readonly keys: number; readonly expired: number };
  /** Why writes are refused, as an error reply. */
  readonly refusal: string | undefined;
  /** Writes a snapshot while every client waits. Throws the system's error. */
  save(): void;
  /** Begins to write a snapshot beside the work. Throws the system's error. */
  begin(): void;
  /** Begins one as soon as nothing else is written beside the work. */
  schedule(): void;
  /** Reads the snapshot into the databases as they are. Throws RdbLoadError. */
  load(options: LoadOptions): void;
}

/** BGREWRITEAOF, and what INFO tells of it. */
export interface LogRewriting {
  readonly startedMs: number | undefined;
  readonly isScheduled: boolean;
  readonly work: SnapshotProgress | undefined;
  /** Bytes of the log after the last rewrite, or at the start. */
  readonly baseBytes: number;
  readonly count: number;
  readonly failuresInRow: number;
  /** Seconds that the last one took; -1 before the first. */
  readonly lastSeconds: number;
  readonly lastFailed: boolean;
  /** Begins a rewrite now, or as soon as what is under way has ended. */
  begin(): "started" | "scheduled";
}

/** The append-only log. */
export interface LogStorage {
  /** Whether commands are logged. */
  readonly isOn: boolean;
  /** Bytes of all files of the log. */
  readonly bytes: number;
  readonly rewriter: LogRewriting;
  /** Replaces the dataset by what the log says: for tests. Throws LogLoadError and the like. */
  reload(): void;
}

/** The files of a server. */
export interface Storage {
  readonly snapshots: SnapshotStorage;
  readonly log: LogStorage;
}

/** A link between this node and another one. */
export interface LinkStatus {
  readonly node: number;
  readonly isOpen: boolean;
  /** The other node has not answered for the node timeout: its keys are not served. */
  readonly gone: boolean;
  /** By the clock that never goes back. */
  readonly openedAtMs: number;
  readonly heardAtMs: number;
  readonly pendingBytes: number;
}

/** The nodes of a ring, in the order of their names; a node is named by its place here. */
export interface MemberList {
  readonly names: readonly string[];
  readonly ids: readonly string[];
  readonly self: number;
  /** For each hash slot, the node that owns it. */
  readonly owners: Uint16Array;
}

/** The ring of nodes that this one has joined. */
export interface ClusterPort {
  readonly members: MemberList;
  /** Links to the other nodes, by the node's number; undefined at this node's own. */
  readonly links: readonly (LinkStatus | undefined)[];
  /** Connections to and from other nodes. */
  readonly connectionCount: number;
  /** Links that other nodes have opened. */
  readonly incomingLinks: Iterable<Pick<LinkStatus, "node" | "openedAtMs" | "pendingBytes">>;
  /** Slots of which nodes disagree who owns them. */
  readonly disputedSlots: number;
  /** Requests that were given to other nodes; a transaction counts as one. */
  readonly relayedCount: number;
  /** A script begins: its keys must live in one slot. */
  beginScript(): void;
}

/** One key on its way to another server. */
export interface MigratingKey {
  readonly key: Uint8Array;
  /** What DUMP gives for its value. */
  readonly payload: Uint8Array;
  /** How long it still has to live; 0 for ever. */
  readonly timeToLiveMs: number;
}

export interface TargetAddress {
  readonly host: string;
  readonly port: number;
  /** The longest time in which nothing goes forward, when connecting and later. */
  readonly timeoutMs: number;
}

export interface Migration {
  readonly target: TargetAddress;
  /** Number of the database there. */
  readonly targetDatabase: number;
  /** Password, or name and password of a user. */
  readonly credentials: readonly Uint8Array[];
  /** The keys stay here, too. */
  readonly copies: boolean;
  /** Keys that the target has already are overwritten. */
  readonly replaces: boolean;
  readonly keys: readonly MigratingKey[];
}

/** MIGRATE. */
export interface MigrationPort {
  /**
   * Begins to send the keys, which are in the client's database. Its reply comes when that is done. `isAsSent` compares
   * a key, should anything have changed meanwhile in spite of all.
   */
  begin(asking: { readonly client: Client }, migration: Migration, isAsSent: (key: MigratingKey) => boolean): void;
}
