import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** One file of the append-only log: "b" the base, "i" an increment, "h" history, which will be deleted. */
export interface ManifestEntry {
  readonly file: string;
  readonly sequence: number;
  readonly type: "b" | "i" | "h";
}

/** The manifest is invalid, so nothing is loaded. */
export class ManifestError extends Error {}

/** Reads Redis 7's manifest: lines of "file <name> seq <number> type <b|i|h>". */
export function parseManifest(text: string, path: string): ManifestEntry[] {
  const entries: ManifestEntry[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    entries.push(parseLine(line.trim(), `${path}, line ${index + 1}`));
  }
  if (entries.filter((entry) => entry.type === "b").length > 1) {
    throw new ManifestError(`${path}: more than one base file`);
  }
  return entries;
}

function parseLine(line: string, place: string): ManifestEntry {
  const words = line.split(/\s+/);
  const fields = new Map<string, string>();
  for (let index = 0; index + 1 < words.length; index += 2)
    fields.set(words[index] as string, words[index + 1] as string);
  const file = fields.get("file")?.replace(/^"(.*)"$/, "$1");
  const sequence = Number(fields.get("seq"));
  const type = fields.get("type");
  if (file === undefined || file !== basename(file)) throw new ManifestError(`${place}: no file name in '${line}'`);
  if (!Number.isSafeInteger(sequence) || sequence < 1) throw new ManifestError(`${place}: no sequence in '${line}'`);
  if (type !== "b" && type !== "i" && type !== "h")
    throw new ManifestError(`${place}: type is not b, i or h in '${line}'`);
  return { file, sequence, type };
}

export function readManifest(path: string): ManifestEntry[] {
  return parseManifest(readFileSync(path, "utf8"), path);
}

/** Replaces the manifest atomically. */
export function writeManifest(path: string, entries: readonly ManifestEntry[]): void {
  const temporary = temporaryManifest(path);
  writeFileSync(temporary, manifestText(entries));
  syncFile(temporary);
  renameSync(temporary, path);
  syncFile(dirname(path));
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
  await syncFolder(dirname(path));
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

const manifestText = (entries: readonly ManifestEntry[]): string =>
  entries.map((entry) => `file ${entry.file} seq ${entry.sequence} type ${entry.type}\n`).join("");

/** Forces a file's content, or a folder's list of names, to the disk. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
