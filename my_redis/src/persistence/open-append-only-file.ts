import { closeSync, existsSync, mkdirSync, openSync, renameSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Server } from "../server.ts";
import { AppendOnlyFile, type AppendOnlyFileOptions } from "./append-only-file.ts";
import { lockFolder } from "./folder-lock.ts";
import { loadLog, LogLoadError } from "./log-loader.ts";
import { type ManifestEntry, readManifest, syncFile, writeManifest } from "./manifest.ts";

/**
 * Loads what the folder holds into an empty server and opens the log to go on with it. Throws LogLoadError when a file
 * is missing, corrupt or cut where that is not allowed, and FolderInUseError while another server goes on with the log;
 * then nothing on the disk has been changed.
 */
export function openAppendOnlyFile(server: Server, options: AppendOnlyFileOptions): AppendOnlyFile {
  const folder = join(options.folder, options.logFolder);
  if (mkdirSync(folder, { recursive: true }) !== undefined) syncFile(options.folder);
  const unlock = lockFolder(folder);
  try {
    const file = openInFolder(server, options, folder);
    file.onClosed = unlock;
    return file;
  } catch (error) {
    unlock();
    throw error;
  }
}

function openInFolder(server: Server, options: AppendOnlyFileOptions, folder: string): AppendOnlyFile {
  const manifestPath = join(folder, `${options.fileName}.manifest`);
  const entries = existsSync(manifestPath) ? readManifest(manifestPath) : nameOldLog(options, manifestPath);
  moveOldLog(options, folder, entries);
  const loaded = loadEntries(server, options, folder, entries);
  const last = entries.findLast((entry) => entry.type === "i") ?? addIncrement(options, entries, manifestPath);
  const descriptor = openSync(join(folder, last.file), "a");
  let length = loaded.bytes;
  if (options.checksums && loaded.closingChecksum !== undefined) {
    length += writeSync(descriptor, loaded.closingChecksum);
  }
  return new AppendOnlyFile(server.environment, options, descriptor, length);
}

/** A log of before Redis 7 is one file beside the folder: it becomes the base. */
function nameOldLog(options: AppendOnlyFileOptions, manifestPath: string): ManifestEntry[] {
  if (!existsSync(join(options.folder, options.fileName))) return [];
  const entries: ManifestEntry[] = [{ file: options.fileName, sequence: 1, type: "b" }];
  writeManifest(manifestPath, entries);
  return entries;
}

/** The manifest comes first: a start that breaks off between the two finds the file where it was, and goes on here. */
function moveOldLog(options: AppendOnlyFileOptions, folder: string, entries: readonly ManifestEntry[]): void {
  const [base] = entries;
  const target = join(folder, options.fileName);
  if (entries.length !== 1 || base?.type !== "b" || base.file !== options.fileName || existsSync(target)) return;
  const old = join(options.folder, options.fileName);
  if (!existsSync(old)) return;
  renameSync(old, target);
  syncFile(folder);
}

function addIncrement(options: AppendOnlyFileOptions, entries: ManifestEntry[], manifestPath: string): ManifestEntry {
  const added: ManifestEntry = { file: `${options.fileName}.1.incr.aof`, sequence: 1, type: "i" };
  closeSync(openSync(join(manifestPath, "..", added.file), "a"));
  writeManifest(manifestPath, [...entries, added]);
  return added;
}

function loadEntries(
  server: Server,
  options: AppendOnlyFileOptions,
  folder: string,
  entries: readonly ManifestEntry[],
): { bytes: number; closingChecksum: string | undefined } {
  const live = entries.filter((entry) => entry.type !== "h").sort(loadOrder);
  let result: { bytes: number; closingChecksum: string | undefined } = { bytes: 0, closingChecksum: undefined };
  const startedMs = server.environment.monotonicMs();
  let commands = 0;
  server.loading = true;
  server.keyspace.expires = false;
  for (const entry of live) {
    const path = join(folder, entry.file);
    if (!existsSync(path)) throw new LogLoadError(`${path} is named in the manifest, but is not there`);
    const loaded = loadLog(server, path);
    commands += loaded.commands;
    if (loaded.truncated) cutTail(server, options, path, loaded.goodBytes, entry === live.at(-1));
    const isLastIncrement = entry === live.at(-1) && entry.type === "i";
    result = { bytes: isLastIncrement ? loaded.goodBytes : 0, closingChecksum: undefined };
    if (isLastIncrement) result.closingChecksum = loaded.closingChecksum;
  }
  server.loading = false;
  server.keyspace.expires = true;
  const seconds = ((server.environment.monotonicMs() - startedMs) / 1000).toFixed(3);
  if (live.length > 0) server.environment.report("notice", `loaded ${commands} commands from the log in ${seconds} s`);
  return result;
}

const loadOrder = (left: ManifestEntry, right: ManifestEntry): number =>
  left.type === right.type ? left.sequence - right.sequence : left.type === "b" ? -1 : 1;

function cutTail(server: Server, options: AppendOnlyFileOptions, path: string, goodBytes: number, last: boolean): void {
  const place = `${path}: the file ends in the middle of a command, after offset ${goodBytes}`;
  if (!last) throw new LogLoadError(`${place}, and it is not the last file of the log`);
  if (!options.loadTruncated) throw new LogLoadError(`${place}; 'aof-load-truncated yes' would cut it there`);
  server.environment.report("warning", `${place}; cut there`);
  truncateSync(path, goodBytes);
}
