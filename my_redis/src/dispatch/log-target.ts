import type { Arguments } from "../protocol/arguments.ts";
import type { ArgumentReplacements } from "./argument-replacements.ts";

/** One word of a command that is logged in place of the client's request. */
export type LogWord = string | number | bigint | Uint8Array;

/**
 * A unit that is still open: its bytes, the number of its commands, and the databases of its first and last command.
 */
export interface SuspendedUnit {
  readonly bytes: Uint8Array;
  readonly commands: number;
  readonly first: number;
  readonly last: number;
  /** The same of the second of two readers. */
  readonly second?: SuspendedUnit;
}

/** Takes the commands that changed data, in units. A reader of the log applies each unit as a whole. */
export interface LogTarget {
  /** Bytes that were appended and not yet written. */
  readonly pendingBytes: number;
  beginUnit(): void;
  endUnit(): void;
  suspendUnit(): SuspendedUnit;
  resumeUnit(unit: SuspendedUnit): void;
  appendRequest(database: number, args: Arguments): void;
  appendReplacing(database: number, args: Arguments, replaced: ArgumentReplacements): void;
  append(database: number, words: readonly LogWord[]): void;
  /** Writes everything that was appended. */
  flush(): void;
}
