import type { AppendOnlyFile, AppendOnlyFileOptions } from "./append-only-file.ts";
import type { CommandLog } from "./command-log.ts";
import type { LogFolder } from "./log-folder.ts";
import type { ManifestEntry } from "./manifest-text.ts";

/** A log that is being written. */
export interface OpenLog {
  readonly folder: LogFolder;
  readonly file: AppendOnlyFile;
  readonly commands: CommandLog;
  /** Bytes of the files before the current one. */
  bytesBefore: number;
  /**
   * The increment of a log that was begun at run time, until its base is written. The manifest does not name it before
   * that, so that no incomplete log is ever loaded.
   */
  draft: ManifestEntry | undefined;
}

/** The parts of the log that the rewriter needs. */
export interface RewrittenLog {
  /** Undefined while commands are not logged. */
  readonly current: OpenLog | undefined;
  /** Bytes of all files of the log. */
  readonly bytes: number;
  readonly options: AppendOnlyFileOptions;
}
