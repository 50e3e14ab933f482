import { closeSync, fsyncSync, openSync, statSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";
import { findDamage } from "./damage-evidence.ts";
import { cutPath, type LogNames, sizeOf } from "./log-names.ts";
import { LogLoadError } from "./log-load-error.ts";
import { type IncompleteEnd } from "./log-loader.ts";
import { syncFile } from "../replaced-file.ts";
import { readAt } from "./read-at.ts";
import type { Environment } from "../../environment.ts";
import { removeUnneeded } from "../../remove-unneeded.ts";
import { writeAll } from "../../write-all.ts";

/** Limit on the copies of ends that were cut off. The oldest ones are removed. */
export const maxCuts = 8;
const copyBytes = 1 << 20;

/**
 * Throws LogLoadError when the end of a file is not a mere cut, but damage. Nothing is changed. `wholeUnits`: where the
 * last whole unit ends.
 */
export function refuseDamagedEnd(path: string, wholeUnits: number, end: IncompleteEnd): void {
  const descriptor = openSync(path, "r");
  try {
    const damage = findDamage(descriptor, end);
    if (damage === undefined) return;
    const goodBytes = end.hasChecksums ? end.uncoveredOffset : wholeUnits;
    throw new LogLoadError({ path, offset: end.entryOffset, goodBytes, problem: `the file is damaged: ${damage}` });
  } finally {
    closeSync(descriptor);
  }
}

/** Throws LogLoadError when a base has not the size that it had: cut between two of its commands it looks complete. */
export function refuseOtherSize(path: string, bytes: number | undefined): void {
  const size = sizeOf(path);
  if (bytes === undefined || bytes === size) return;
  const problem = `the file has ${size} bytes, where the manifest says ${bytes}`;
  throw new LogLoadError({ path, offset: Math.min(bytes, size), goodBytes: size, problem });
}

/**
 * Shortens a file to `length`, after the rest was copied to a file beside it and forced to the disk. Returns the copy's
 * path. Throws the system's error; then the file is unchanged.
 */
export function cutWithCopy(
  path: string,
  length: number,
  names: LogNames,
  environment: Pick<Environment, "report">,
): string {
  const copy = cutPath(path, length);
  try {
    copyEnd(path, length, copy);
  } catch (error) {
    removeUnneeded(environment, copy);
    throw error;
  }
  syncFile(dirname(path));
  truncateSync(path, length);
  syncFile(path);
  removeOldCuts(dirname(path), names, environment);
  return copy;
}

function copyEnd(path: string, from: number, copy: string): void {
  const source = openSync(path, "r");
  const target = openSync(copy, "wx");
  try {
    const window = new Uint8Array(copyBytes);
    for (let offset = from, size = -1; size !== 0; offset += size) {
      size = readAt(source, window, offset);
      writeAll(target, window.subarray(0, size));
    }
    fsyncSync(target);
  } finally {
    closeSync(source);
    closeSync(target);
  }
}

function removeOldCuts(folder: string, names: LogNames, environment: Pick<Environment, "report">): void {
  const cuts = names.cuts().map((name) => ({ path: join(folder, name), time: statSync(join(folder, name)).mtimeMs }));
  cuts.sort((left, right) => right.time - left.time);
  for (const { path } of cuts.slice(maxCuts)) removeUnneeded(environment, path);
}
