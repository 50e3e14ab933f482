import type { Arguments } from "../protocol/arguments.ts";
import type { ArgumentReplacements } from "./argument-replacements.ts";

/** One word of a command that goes to the log in place of what the client sent. */
export type LogWord = string | number | bigint | Uint8Array;

/** A unit that is not at its end yet: its bytes, the number of its commands, and the databases of the first and last. */
export interface SuspendedUnit {
  readonly bytes: Uint8Array;
  readonly commands: number;
  readonly first: number;
  readonly last: number;
}

/** Takes the commands that changed data, in units that are applied as a whole. */
export interface LogTarget {
  /** Bytes that are not written yet. */
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

/** When the log bytes of a turn are safe enough for its replies to be sent. */
export interface LogDurability {
  /** Calls back, at once where nothing needs waiting for; with false when the turn must not be acknowledged. */
  whenSafe(callback: (safe: boolean) => void): void;
}

/**
 * Where the changes of data are logged. While nothing is attached, appending does nothing. The append-only log attaches
 * itself when it begins, and detaches itself when it ends: both may happen while the server runs.
 */
export class ChangeLog {
  #target: LogTarget | undefined;
  #durability: LogDurability | undefined;
  #failure: string | undefined;

  attach(target: LogTarget, durability: LogDurability): void {
    this.#target = target;
    this.#durability = durability;
  }

  detach(): void {
    this.#target = undefined;
    this.#durability = undefined;
    this.#failure = undefined;
  }

  /** Whether somebody reads what is appended. */
  get isOn(): boolean {
    return this.#target !== undefined;
  }

  /** Why writes are refused because the log cannot be written, as an error reply; undefined while it can. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Refuses writes with this error from now on; undefined ends that. */
  setFailure(refusal: string | undefined): void {
    this.#failure = refusal;
  }

  /** Appends nothing of what `run` changes: it is logged already, or is not to be logged. */
  without<Result>(run: () => Result): Result {
    const target = this.#target;
    this.#target = undefined;
    try {
      return run();
    } finally {
      this.#target = target;
    }
  }

  get pendingBytes(): number {
    return this.#target?.pendingBytes ?? 0;
  }

  beginUnit(): void {
    this.#target?.beginUnit();
  }

  endUnit(): void {
    this.#target?.endUnit();
  }

  suspendUnit(): SuspendedUnit | undefined {
    return this.#target?.suspendUnit();
  }

  resumeUnit(unit: SuspendedUnit): void {
    this.#target?.resumeUnit(unit);
  }

  appendRequest(database: number, args: Arguments): void {
    this.#target?.appendRequest(database, args);
  }

  appendReplacing(database: number, args: Arguments, replaced: ArgumentReplacements): void {
    this.#target?.appendReplacing(database, args, replaced);
  }

  append(database: number, words: readonly LogWord[]): void {
    this.#target?.append(database, words);
  }

  flush(): void {
    this.#target?.flush();
  }

  /** Calls back with true once everything that was flushed is safe, with false when it will not be. */
  whenSafe(callback: (safe: boolean) => void): void {
    if (this.#durability === undefined) callback(true);
    else this.#durability.whenSafe(callback);
  }
}
