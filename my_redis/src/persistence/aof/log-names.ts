import { constants, existsSync, openSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ManifestEntry } from "./manifest-text.ts";

/** The names of the files in the folder of a log, all of which begin with `fileName`. */
export class LogNames {
  readonly folder: string;
  readonly #fileName: string;

  constructor(folder: string, fileName: string) {
    this.folder = folder;
    this.#fileName = fileName;
  }

  get manifestPath(): string {
    return join(this.folder, `${this.#fileName}.manifest`);
  }

  /** An increment with this number, or with the first one after it whose name no file with data has. */
  increment(sequence: number): ManifestEntry {
    return this.#free(sequence, (number) => ({ file: `${this.#fileName}.${number}.incr.aof`, type: "i" }));
  }

  /** A base with this number, or with the first one after it whose name no file with data has. */
  base(sequence: number, form: "rdb" | "aof"): ManifestEntry {
    return this.#free(sequence, (number) => ({ file: `${this.#fileName}.${number}.base.${form}`, type: "b" }));
  }

  #free(sequence: number, named: (sequence: number) => Omit<ManifestEntry, "sequence">): ManifestEntry {
    let number = sequence;
    while (sizeOf(join(this.folder, named(number).file)) > 0) number++;
    return { ...named(number), sequence: number };
  }

  /** Files that look like data of the log, are not empty, and are not among `entries`. */
  unnamed(entries: readonly ManifestEntry[]): string[] {
    const known = new Set(entries.map(({ file }) => file));
    return this.#list().filter((name) => this.#isData(name) && !known.has(name) && sizeOf(join(this.folder, name)) > 0);
  }

  #isData(name: string): boolean {
    if (!name.startsWith(this.#fileName)) return false;
    return /^(?:\.[0-9]+\.(?:base|incr)\.(?:rdb|aof))?$/.test(name.slice(this.#fileName.length));
  }

  /** Files that a crash has left in the middle of a rewrite or of a change of the manifest. No manifest ever names one. */
  temporary(): string[] {
    const own = `temp-${this.#fileName}.`;
    return this.#list().filter(
      (name) =>
        /^temp-rewriteaof-[0-9]+\.aof$/.test(name) ||
        (name.startsWith("temp-now-") && name.replace(/^temp-now-[0-9.]+-/, "").startsWith(`${this.#fileName}.`)) ||
        (name.startsWith(own) && /\.(?:aof|manifest)$/.test(name)),
    );
  }

  /** Copies of ends that were cut off. */
  cuts(): string[] {
    return this.#list().filter((name) => name.startsWith(this.#fileName) && cutName.test(name));
  }

  #list(): string[] {
    return readdirSync(this.folder);
  }
}

const cutName = /\.cut-[0-9]+(?:\.[0-9]+)?$/;

/** The name for the copy of what was cut off a file at an offset. */
export function cutPath(path: string, offset: number): string {
  const first = `${path}.cut-${offset}`;
  for (let number = 2, name = first; ; number++) {
    if (!existsSync(name)) return name;
    name = `${first}.${number}`;
  }
}

/** The incomplete base of a rewrite. */
export const temporaryBaseName = (processId: number): string => `temp-rewriteaof-${processId}.aof`;
/** The name of an increment until a manifest names it. */
export const draftName = ({ file }: ManifestEntry): string => `temp-${file}`;

/** 0 for a file that is missing. */
export const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/**
 * Opens a new increment, for appending: after a write that failed in its middle the file is cut, and the next write must
 * follow at its new end. Throws the system's error.
 */
export const openIncrement = (path: string): number =>
  openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND);
