import type { Arguments } from "../protocol/arguments.ts";
import type { ArgumentReplacements } from "./argument-replacements.ts";
import type { LogTarget, LogWord, SuspendedUnit } from "./log-target.ts";

/** Two readers of the changes: each writes them down by itself, because each selects databases for its own reader. */
export class LogTargets implements LogTarget {
  readonly #first: LogTarget;
  readonly #second: LogTarget;

  constructor(first: LogTarget, second: LogTarget) {
    this.#first = first;
    this.#second = second;
  }

  get pendingBytes(): number {
    return Math.max(this.#first.pendingBytes, this.#second.pendingBytes);
  }

  beginUnit(): void {
    this.#first.beginUnit();
    this.#second.beginUnit();
  }

  endUnit(): void {
    this.#first.endUnit();
    this.#second.endUnit();
  }

  /** A script may choose which of the two gets a command. */
  suspendUnit(): SuspendedUnit {
    return { ...this.#first.suspendUnit(), second: this.#second.suspendUnit() };
  }

  resumeUnit(unit: SuspendedUnit): void {
    this.#first.resumeUnit(unit);
    this.#second.resumeUnit(unit.second ?? unit);
  }

  appendRequest(database: number, args: Arguments): void {
    this.#first.appendRequest(database, args);
    this.#second.appendRequest(database, args);
  }

  appendReplacing(database: number, args: Arguments, replaced: ArgumentReplacements): void {
    this.#first.appendReplacing(database, args, replaced);
    this.#second.appendReplacing(database, args, replaced);
  }

  append(database: number, words: readonly LogWord[]): void {
    this.#first.append(database, words);
    this.#second.append(database, words);
  }

  flush(): void {
    this.#first.flush();
    this.#second.flush();
  }
}
