import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** The names that servers of this process use at present. */
const inUse = new Set<string>();

/**
 * Reserves a name for an incomplete snapshot, in the folder of its final place, until `freeTemporarySnapshot`. It names
 * that place and this process, because servers with different dbfilenames, and redis-server, may share a folder. Several
 * servers of this process may share all of that: then a number tells them apart.
 */
export function temporarySnapshot(path: string, purpose: "now" | "background" | "replica" | "sync"): string {
  for (let number = 1; ; number++) {
    const ofProcess = number === 1 ? `${process.pid}` : `${process.pid}.${number}`;
    const name = join(dirname(path), `temp-${purpose}-${ofProcess}-${basename(path)}`);
    if (inUse.has(name)) continue;
    inUse.add(name);
    return name;
  }
}

/** To be called when the file is gone, or has its final name. */
export const freeTemporarySnapshot = (name: string): void => void inUse.delete(name);

/** Removes the incomplete snapshots of this path that nobody writes or reads any more. */
export function removeTemporarySnapshots(path: string): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    const [, processId, target] = /^temp-(?:now|background|replica|sync)-([0-9]+)(?:\.[0-9]+)?-(.+)$/.exec(name) ?? [];
    const file = join(folder, name);
    if (target !== basename(path) || inUse.has(file) || isAnotherProcess(Number(processId))) continue;
    rmSync(file, { force: true });
  }
}

/** Whether another process with this number runs. */
function isAnotherProcess(processId: number): boolean {
  if (processId === process.pid) return false;
  try {
    return process.kill(processId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
