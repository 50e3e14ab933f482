import type { Database } from "../../keyspace/database.ts";
import type { KeyspaceCore } from "../../keyspace/keyspace-core.ts";

/** A snapshot that cannot be loaded: broken, cut off, or of a version or kind that this server cannot read. */
export class RdbLoadError extends Error {
  /** What is wrong, without advice. */
  readonly problem: string;

  constructor(problem: string, advice = "") {
    super(`${problem}${advice}`);
    this.problem = problem;
  }
}

/** The data into which a snapshot is loaded. */
export interface RdbLoadTarget {
  readonly keyspace: KeyspaceCore;
  readonly databases: readonly Database[];
  /** Unix milliseconds: keys that have expired by then are left out. */
  readonly nowMs: number;
  /** Whether the checksum at the end of the file is checked. */
  readonly verifiesChecksum: boolean;
  /** Called for parts of the file that cannot be loaded, but do not make the file invalid. */
  readonly warn: (message: string) => void;
}

export interface RdbLoadOptions {
  /** Whether a log or a stream goes on from the file. Then expired keys are loaded, because it refers to them. */
  readonly beforeLog: boolean;
  /** For a key that exists already: the file is refused, or the key gets the value in the file. */
  readonly existing: "refuse" | "replace";
  /** With "nothing", each key is removed once it has been read: the file is only checked. "all" unless given. */
  readonly keeps?: "all" | "nothing";
}

export interface RdbLoadResult {
  readonly keys: number;
  /** The number of keys that were left out because they have expired. */
  readonly expired: number;
  /** Where the snapshot ends in the file. */
  readonly endOffset: number;
}
