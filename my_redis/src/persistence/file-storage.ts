import type { Services } from "../dispatch/context.ts";
import type { Storage, StreamPosition } from "../dispatch/ports.ts";
import { DirectiveError } from "../settings/directive.ts";
import { AppendOnlyLog } from "./aof/append-only-log.ts";
import type { LogExtension } from "./aof/log-extension.ts";
import { Snapshots } from "./snapshot/snapshots.ts";

/** The files of a server: its append-only log, and its snapshots. */
export class FileStorage implements Storage {
  readonly log: AppendOnlyLog;
  readonly snapshots: Snapshots;
  readonly #server: Services;

  get loadedPosition(): StreamPosition | undefined {
    return this.log.loadedPosition ?? this.snapshots.loadedPosition;
  }

  /** `extension` is a part of the server that keeps its own entries in the log. */
  constructor(server: Services, extension: LogExtension) {
    this.#server = server;
    this.log = new AppendOnlyLog(server, extension);
    this.snapshots = new Snapshots(server);
  }

  /**
   * Loads the log or the snapshot, and begins to log if appendonly says so. Throws what AppendOnlyLog and Snapshots
   * throw; then nothing on the disk has been changed.
   */
  open(): void {
    const { settings } = this.#server;
    if (settings.values.appendonly) this.log.open(() => this.snapshots.loadIfThere());
    else this.snapshots.loadIfThere();
    this.snapshots.removeLeftovers();
    settings.onChange("appendonly", () => {
      if (settings.values.appendonly) this.#enableLog();
      else this.log.disable();
    });
  }

  #enableLog(): void {
    try {
      this.log.enable();
    } catch (error) {
      this.#server.environment.report("error", "the append-only file cannot be begun", error);
      throw new DirectiveError("Unable to turn on AOF. Check server logs.");
    }
  }

  /** Begins the snapshots and rewrites that are due. Must be called several times a second. */
  tick(): void {
    this.snapshots.tick();
    this.log.rewriter.tick();
  }

  /** Syncs and closes the log, and gives up a running snapshot. Resolves when all of it has ended. */
  async close(): Promise<void> {
    await Promise.all([this.snapshots.cancel(), this.log.close()]);
  }
}
