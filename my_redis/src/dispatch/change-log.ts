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

/** Says when the log bytes of a turn are safe enough for its replies to be sent. */
export interface LogDurability {
  /**
   * Calls back with true when the turn may be acknowledged, and with false when it must not be. Calls back at once when
   * there is nothing to wait for.
   */
  whenSafe(callback: (safe: boolean) => void): void;
}

/**
 * Logs the changes of data. While no log is attached, appending does nothing. The append-only log attaches itself when
 * it begins and detaches itself when it ends; both can happen while the server runs.
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

  /**
   * Hands over the units so far, logs nothing more, and refuses writes with this error. Replies still wait until those
   * units are safe.
   */
  stop(refusal: string): void {
    this.flush();
    this.#target = undefined;
    this.#failure = refusal;
  }

  /** Whether replies wait until what they acknowledge is safe. */
  get isAwaited(): boolean {
    return this.#durability !== undefined;
  }

  /** Whether a log is attached. */
  get isOn(): boolean {
    return this.#target !== undefined;
  }

  /** The error reply for writes while the log cannot be written; undefined while it can. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Refuses writes with this error from now on; undefined accepts them again. */
  setFailure(refusal: string | undefined): void {
    this.#failure = refusal;
  }

  /** Does not log what `run` changes, because it is in the log already or does not belong there. */
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

  /** Calls back with true when everything flushed so far is safe, and with false when it will not become safe. */
  whenSafe(callback: (safe: boolean) => void): void {
    if (this.#durability === undefined) callback(true);
    else this.#durability.whenSafe(callback);
  }
}
