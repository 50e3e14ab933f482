import { basename } from "node:path";
import { quoteWord, splitLine } from "../../settings/split-words.ts";
import { checksumAnnotation } from "./log-checksum.ts";

/** One file of the append-only log: "b" the base, "i" an increment, "h" history, which will be deleted. */
export interface ManifestEntry {
  readonly file: string;
  readonly sequence: number;
  readonly type: "b" | "i" | "h";
  /** Size of a base, which never changes. Undefined for an increment, and for a file that redis-server has written. */
  readonly bytes?: number;
}

export interface Manifest {
  readonly entries: readonly ManifestEntry[];
  /** The checksum of the entries was there, and was right. redis-server writes none. */
  readonly isChecked: boolean;
}

/** A manifest that cannot be trusted, so that nothing is loaded and nothing is changed. */
export class ManifestError extends Error {
  constructor(path: string, problem: string) {
    super(
      `${path}${problem}. Nothing was changed. Restore the manifest from a copy; 'my-redis-server check-aof' with the ` +
        "folder's name lists the files of the log",
    );
  }
}

/** The files of the log, in the order in which they are loaded. */
export const liveEntries = (entries: readonly ManifestEntry[]): readonly ManifestEntry[] =>
  entries.filter((entry) => entry.type !== "h").toSorted(loadOrder);

const loadOrder = (left: ManifestEntry, right: ManifestEntry): number =>
  left.type === right.type ? left.sequence - right.sequence : left.type === "b" ? -1 : 1;

/** The longest line that redis-server reads, in bytes. */
const maxLineBytes = 1024;
const checksumPrefix = "#CRC32:";

/** The manifest as Redis 7 reads it, after a line with the checksum of the entries, which redis-server skips. */
export function manifestText(entries: readonly ManifestEntry[]): string {
  const text = entries.map(lineOf).join("");
  return checksumAnnotation(Buffer.from(text)) + text;
}

function lineOf({ file, sequence, type, bytes }: ManifestEntry): string {
  const line = `file ${quoteWord(file)} seq ${sequence} type ${type}`;
  return bytes === undefined ? `${line}\n` : `${line} bytes ${bytes}\n`;
}

/**
 * Reads a manifest: lines of "file <name> seq <number> type <b|i|h>", and comments. MyRedis adds
 * the size of a base, a parameter that redis-server skips. Whatever redis-server refuses is
 * refused here as well. Throws ManifestError.
 */
export function parseManifest(text: string, path: string): Manifest {
  if (text === "") throw new ManifestError(path, " is empty");
  if (!text.endsWith("\n")) throw new ManifestError(path, " ends without a newline: its end may be missing");
  const isChecked = checkText(text, path);
  const entries: ManifestEntry[] = [];
  for (const [index, line] of text.slice(0, -1).split("\n").entries()) {
    const problem = Buffer.byteLength(line) >= maxLineBytes ? "a line that is too long" : addLine(entries, line);
    if (problem !== undefined) throw new ManifestError(path, `, line ${index + 1}: ${problem}`);
  }
  if (entries.length === 0 && !isChecked) throw new ManifestError(path, " names no file");
  if (!isChecked) checkHistory(entries, path);
  return { entries, isChecked };
}

/** Whether the text begins with a checksum. Throws ManifestError when that does not fit what follows. */
function checkText(text: string, path: string): boolean {
  if (!text.startsWith(checksumPrefix)) return false;
  const end = text.indexOf("\n") + 1;
  const expected = checksumAnnotation(Buffer.from(text.slice(end)));
  if (text.slice(0, end) !== expected) throw new ManifestError(path, ": its checksum does not fit what it says");
  return true;
}

/** Adds the entry that a line contains, if any. Returns what is wrong with the line. */
function addLine(entries: ManifestEntry[], line: string): string | undefined {
  if (line.startsWith("#")) return undefined;
  const entry = parseLine(line.trim());
  if (typeof entry === "string") return `${entry} in '${line}'`;
  if (entries.some(({ file }) => file === entry.file)) return `the file ${entry.file} for the second time`;
  if (entry.type === "b" && entries.some(({ type }) => type === "b")) return "a second base";
  const last = entries.findLast(({ type }) => type === "i");
  if (entry.type === "i" && last !== undefined && last.sequence >= entry.sequence) {
    return `the increment ${entry.sequence} after the increment ${last.sequence}`;
  }
  entries.push(entry);
  return undefined;
}

/** An entry, or what is wrong with the line. */
function parseLine(line: string): ManifestEntry | string {
  const words = splitLine(line) ?? [];
  if (words.length < 6 || words.length % 2 !== 0) return "no pairs of names and values";
  const fields = new Map<string, string>();
  for (let index = 0; index < words.length; index += 2) {
    const name = (words[index] as string).toLowerCase();
    if (fields.has(name)) return `${name} for the second time`;
    fields.set(name, words[index + 1] as string);
  }
  return entryOf(fields);
}

/** An entry, or what is wrong with its parameters. */
function entryOf(fields: ReadonlyMap<string, string>): ManifestEntry | string {
  const file = fields.get("file");
  const digits = fields.get("seq") ?? "";
  const sequence = Number(digits);
  const type = fields.get("type");
  if (file === undefined || file !== basename(file) || [".", "..", ""].includes(file)) return "no file name";
  if (!/^\d+$/.test(digits) || !Number.isSafeInteger(sequence) || sequence < 1) return "no sequence";
  if (type !== "b" && type !== "i" && type !== "h") return "no type b, i or h";
  const size = fields.get("bytes");
  if (size !== undefined && !/^\d{1,15}$/.test(size)) return "no size";
  const entry: ManifestEntry = { file, sequence, type, ...(size !== undefined && { bytes: Number(size) }) };
  const [, number, kind] = numberedName.exec(file) ?? [];
  if (number === undefined) return entry;
  if (Number(number) !== sequence) return `sequence ${sequence} for a file of another number`;
  if ((kind === "base" && type === "i") || (kind === "incr" && type === "b"))
    return `type ${type} for another kind of file`;
  return entry;
}

/** The end of a file's name, as Redis and MyRedis give them. */
const numberedName = /\.(\d+)\.(base|incr)\.(?:rdb|aof)$/;

/**
 * One wrong letter turns a live file into history, which would be deleted. Without a checksum history is therefore
 * believed only in the form in which a rewrite leaves it: a base and increments, all of them older than the live ones.
 */
function checkHistory(entries: readonly ManifestEntry[], path: string): void {
  const history = entries.filter(({ type }) => type === "h");
  if (history.length === 0) return;
  const base = entries.find(({ type }) => type === "b");
  const increment = entries.find(({ type }) => type === "i");
  const isBase = ({ file }: ManifestEntry): boolean => numberedName.exec(file)?.[2] !== "incr";
  const isWhole =
    base !== undefined &&
    increment !== undefined &&
    history.some(isBase) &&
    !history.every(isBase) &&
    history.every((entry) => entry.sequence < (isBase(entry) ? base : increment).sequence);
  if (!isWhole) {
    throw new ManifestError(
      path,
      `: ${history.map(({ file }) => file).join(", ")} cannot be history beside its other files`,
    );
  }
}
