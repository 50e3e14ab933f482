import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { LogNames } from "./log-names.ts";
import { type Manifest, type ManifestEntry, ManifestError, manifestText, parseManifest } from "./manifest-text.ts";

/**
 * Reads the manifest of a log. Undefined when there is no log: no manifest, and no file with data. A manifest that lost
 * a line is still a valid one, unless it has a checksum. So every file with data must be in it. Throws ManifestError,
 * and the system's error.
 */
export function readManifest(names: LogNames): Manifest | undefined {
  const path = names.manifestPath;
  const manifest = existsSync(path) ? parseManifest(readFileSync(path, "utf8"), path) : undefined;
  if (manifest?.isChecked === true) return manifest;
  const unnamed = names.unnamed(manifest?.entries ?? []);
  if (unnamed.length === 0) return manifest;
  const files = unnamed.map((name) => join(names.folder, name)).join(" and ");
  const problem = manifest === undefined ? " is missing" : ": a line may be missing";
  throw new ManifestError(path, `${problem}, because ${files} holds data and is not named in it`);
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
