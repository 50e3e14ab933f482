import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "./start-error.ts";

export interface DataFolder {
  readonly path: string;
  release(): void;
}

/**
 * Takes the data folder for this process alone, since two that write the same append-only file would ruin it. The lock
 * is one of the kernel's on a file, taken through SQLite: it ends with the process, however that ends, and leaves
 * nothing behind that an operator would have to remove.
 * @throws StartError when the folder cannot be written. Undefined when another process has it.
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

function openLock(path: string): Database {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return new Database(join(path, "lock"), { create: true });
  } catch (error) {
    throw new StartError(`data_dir ${path} cannot be written: ${(error as Error).message}`);
  }
}
