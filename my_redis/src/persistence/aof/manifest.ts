import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Manifest, type ManifestEntry, manifestText, parseManifest } from "./manifest-text.ts";

/** Throws ManifestError, and the system's error. */
export function readManifest(path: string): Manifest {
  return parseManifest(readFileSync(path, "utf8"), path);
}

/** Replaces the manifest atomically. It is on the disk once its folder has been synced, too. */
export function writeManifest(path: string, entries: readonly ManifestEntry[]): void {
  const temporary = temporaryManifest(path);
  writeFileSync(temporary, manifestText(entries));
  syncFile(temporary);
  renameSync(temporary, path);
}

/** As `writeManifest`, in the background. Only one call may be running at a time. */
export async function replaceManifest(path: string, entries: readonly ManifestEntry[]): Promise<void> {
  const temporary = temporaryManifest(path);
  const file = await open(temporary, "w");
  try {
    await file.writeFile(manifestText(entries));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/** Forces a folder's list of names to the disk, in the background. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const temporaryManifest = (path: string): string => join(dirname(path), `temp-${basename(path)}`);

/** Forces a file's content, or a folder's list of names, to the disk. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
