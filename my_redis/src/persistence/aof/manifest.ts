import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { replaceFile, replaceFileNow } from "../replaced-file.ts";
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
  replaceFileNow(path, temporaryManifest(path), manifestText(entries));
}

/** As `writeManifest`, in the background. Only one call may be running at a time. */
export async function replaceManifest(path: string, entries: readonly ManifestEntry[]): Promise<void> {
  await replaceFile(path, temporaryManifest(path), manifestText(entries));
}

const temporaryManifest = (path: string): string => join(dirname(path), `temp-${basename(path)}`);
