/** What the server is in the middle of. */
export class Execution {
  #isLoading = false;
  #inUnit = false;
  #scriptIsPaused = false;
  #scriptsMayCallAll = false;

  /** A log or a snapshot is being loaded. */
  get isLoading(): boolean {
    return this.#isLoading;
  }

  /** EXEC or a script runs: nothing may block, and all of it is one unit of the log. */
  get inUnit(): boolean {
    return this.#inUnit;
  }

  /** A script has passed busy-reply-threshold and waits for its next turn: its work is half done. */
  get scriptIsPaused(): boolean {
    return this.#scriptIsPaused;
  }

  /** Scripts may call commands with the flag "noscript", too: DEBUG allows it, for tests. */
  get scriptsMayCallAll(): boolean {
    return this.#scriptsMayCallAll;
  }

  /** Neither a transaction nor a script is half done: what is seen now is whole. */
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

  /** The paused script goes on, or has ended. */
  resumeScript(): void {
    this.#scriptIsPaused = false;
  }

  letScriptsCallAll(allowed: boolean): void {
    this.#scriptsMayCallAll = allowed;
  }
}
