/** Where in a file of the log something is wrong, and what. */
export interface LogProblem {
  readonly path: string;
  readonly offset: number;
  /** The bytes at the beginning of the file that can be trusted: whole units, and with their checksum if there are any. */
  readonly goodBytes: number;
  readonly problem: string;
  /** The log selects a database that `databases` does not allow: it may be another server's, and not damaged. */
  readonly isDatabaseLimit?: boolean;
  /** Bytes are missing in the middle of the log, so that nothing after them can be kept. */
  readonly isGap?: boolean;
}

/** The log must not be loaded: the server does not start, and the file stays unchanged. */
export class LogLoadError extends Error {
  readonly goodBytes: number;
  readonly isDatabaseLimit: boolean;
  readonly isGap: boolean;

  constructor({ path, offset, goodBytes, problem, isDatabaseLimit = false, isGap = false }: LogProblem) {
    const keepBeginning =
      ", or keep only what is before the damage: " +
      `'my-redis-server check-aof --fix ${path}' removes the rest after it has copied it`;
    super(
      `${path}: bad at offset ${offset}: ${problem}. Nothing was changed. Restore the file from a copy` +
        (isGap ? "" : keepBeginning),
    );
    this.goodBytes = goodBytes;
    this.isDatabaseLimit = isDatabaseLimit;
    this.isGap = isGap;
  }
}
