import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "./start-error.ts";
import type { Stops } from "./system-options.ts";

export interface DataFolder {
  readonly path: string;
  release(): void;
}

/**
 * Locks the data folder for this process, because two processes that write the same append-only file would corrupt it.
 * The lock is a file lock of the operating system, taken through SQLite. It ends with the process, even after a crash,
 * so no operator ever has to remove it.
 * @returns undefined if another process holds the lock
 * @throws StartError if the folder cannot be written
 */
export function takeDataFolder(path: string): DataFolder | undefined {
  const lock = openLock(path);
  try {
    lock.run("PRAGMA locking_mode = EXCLUSIVE");
    lock.run("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if ((error as { code?: string }).code === "SQLITE_BUSY") return undefined;
    throw error;
  }
  return { path, release: () => lock.close() };
}

/** Holds the data folder until the process stops. @throws StartError if another process has it, or it cannot be written */
export function holdDataFolder(path: string, stops: Stops): void {
  const folder = takeDataFolder(path);
  if (folder === undefined) {
    throw new StartError(`data_dir ${path} is in use by another process: stop it, or name another folder`);
  }
  stops.push(() => folder.release());
}

function openLock(path: string): Database {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return new Database(join(path, "lock"), { create: true });
  } catch (error) {
    throw new StartError(`data_dir ${path} cannot be written: ${(error as Error).message}`);
  }
}
