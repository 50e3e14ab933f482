import { openSync, writeSync } from "node:fs";
import type { Server } from "../server.ts";
import { AppendOnlyFile, type AppendOnlyFileOptions } from "./append-only-file.ts";
import { CommandLog } from "./command-log.ts";
import { LogFolder } from "./log-folder.ts";

/** Whom it concerns that commands are logged from now on, or not any more (undefined). */
export type FollowLog = (file: AppendOnlyFile | undefined) => void;

/** The append-only log of a server: loads it, goes on with it, and ends it. */
export class AppendOnlyLog {
  readonly #server: Server;
  readonly #follow: FollowLog;
  #folder: LogFolder | undefined;
  #file: AppendOnlyFile | undefined;

  constructor(server: Server, follow: FollowLog) {
    this.#server = server;
    this.#follow = follow;
    const { settings } = server;
    settings.onChange("appendfsync", () => {
      if (this.#file !== undefined) this.#file.syncPolicy = settings.values.appendfsync;
    });
  }

  get isOn(): boolean {
    return this.#file !== undefined;
  }

  get #options(): AppendOnlyFileOptions {
    const { values } = this.#server.settings;
    return {
      folder: values.dir,
      logFolder: values.appenddirname,
      fileName: values.appendfilename,
      syncPolicy: values.appendfsync,
      loadTruncated: values["aof-load-truncated"],
      checksums: values["aof-checksum"],
    };
  }

  /**
   * Loads what the folder holds into an empty server, and logs to it from now on. Throws what LogFolder throws; then
   * nothing on the disk has been changed.
   */
  open(): void {
    const folder = new LogFolder(this.#options);
    try {
      const end = folder.load(this.#server);
      const descriptor = openSync(folder.pathOf(folder.lastIncrement), "a");
      let length = end.bytes;
      if (this.#options.checksums && end.closingChecksum !== undefined) {
        length += writeSync(descriptor, end.closingChecksum);
      }
      this.#begin(folder, descriptor, length);
    } catch (error) {
      folder.release();
      throw error;
    }
  }

  #begin(folder: LogFolder, descriptor: number, length: number): void {
    const server = this.#server;
    const file = new AppendOnlyFile(server.environment, this.#options, descriptor, length);
    file.onClosed = () => folder.release();
    file.onFailure = (refusal) => {
      server.logFailure = refusal;
    };
    this.#folder = folder;
    this.#file = file;
    server.log = new CommandLog(file);
    this.#follow(file);
  }

  /** Syncs and closes the log: what happens from now on is not logged. */
  close(): void {
    this.#server.log?.flush();
    this.#file?.close();
    this.#server.log = undefined;
    this.#file = undefined;
    this.#folder = undefined;
    this.#follow(undefined);
  }

  /** Replaces the dataset by what the log says: for tests. Throws what LogFolder throws. */
  reload(): void {
    const { log } = this.#server;
    log?.flush();
    const folder = this.#folder ?? new LogFolder(this.#options);
    // What is loaded is in the log already.
    this.#server.log = undefined;
    try {
      for (const database of this.#server.keyspace.databases) database.flush();
      folder.load(this.#server);
    } finally {
      this.#server.log = log;
      if (this.#folder === undefined) folder.release();
    }
  }
}
