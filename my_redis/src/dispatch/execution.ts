/** The state of execution: loading, running a transaction or script, or neither. */
export class Execution {
  #isLoading = false;
  #inUnit = false;
  #scriptIsPaused = false;
  #scriptsMayCallAll = false;
  #skipsPayloadChecksums = false;
  #followsPrimary = false;

  /** A log or a snapshot is being loaded. */
  get isLoading(): boolean {
    return this.#isLoading;
  }

  /** The server is a replica: its data changes by its primary's word. */
  get followsPrimary(): boolean {
    return this.#followsPrimary;
  }

  /**
   * A key or field that is given an expiry in the past is removed at once. Not where another one decides: a log or a primary
   * may go on with PERSIST, and is behind only because it is read late.
   */
  get removesPast(): boolean {
    return !this.#isLoading && !this.#followsPrimary;
  }

  /** EXEC or a script runs: its commands may not block, and they are logged as one unit. */
  get inUnit(): boolean {
    return this.#inUnit;
  }

  /** A script has run longer than busy-reply-threshold and waits for its next turn: its changes are incomplete. */
  get scriptIsPaused(): boolean {
    return this.#scriptIsPaused;
  }

  /** Scripts may also call commands with the flag "noscript". DEBUG allows that, for tests. */
  get scriptsMayCallAll(): boolean {
    return this.#scriptsMayCallAll;
  }

  /** RESTORE does not compare the checksum of a payload. DEBUG allows that, for tests of the other checks. */
  get skipsPayloadChecksums(): boolean {
    return this.#skipsPayloadChecksums;
  }

  /** No transaction or script is half done, so that the data is consistent. */
  get isAtRest(): boolean {
    return !this.#inUnit && !this.#scriptIsPaused;
  }

  asLoading<Result>(run: () => Result): Result {
    this.#isLoading = true;
    try {
      return run();
    } finally {
      this.#isLoading = false;
    }
  }

  asUnit<Result>(run: () => Result): Result {
    const before = this.#inUnit;
    this.#inUnit = true;
    try {
      return run();
    } finally {
      this.#inUnit = before;
    }
  }

  pauseScript(): void {
    this.#scriptIsPaused = true;
  }

  /** The paused script continues, or has ended. */
  resumeScript(): void {
    this.#scriptIsPaused = false;
  }

  followPrimary(follows: boolean): void {
    this.#followsPrimary = follows;
  }

  skipPayloadChecksums(skips: boolean): void {
    this.#skipsPayloadChecksums = skips;
  }

  letScriptsCallAll(allowed: boolean): void {
    this.#scriptsMayCallAll = allowed;
  }
}
