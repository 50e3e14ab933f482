import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * The name of an incomplete snapshot, in the folder of its final place. It names that place and this process, because
 * servers with different dbfilenames, and redis-server, may share a folder.
 */
export const temporarySnapshot = (path: string, purpose: "now" | "background" | "replica" | "sync"): string =>
  join(dirname(path), `temp-${purpose}-${process.pid}-${basename(path)}`);

/** Removes the incomplete snapshots of this path that processes have left which do not run any more. */
export function removeTemporarySnapshots(path: string): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    const [, processId, target] = /^temp-(?:now|background|replica|sync)-([0-9]+)-(.+)$/.exec(name) ?? [];
    if (target === basename(path) && !isAnotherProcess(Number(processId))) rmSync(join(folder, name), { force: true });
  }
}

/** Whether another process with this number runs. This one has not begun a snapshot yet. */
function isAnotherProcess(processId: number): boolean {
  if (processId === process.pid) return false;
  try {
    return process.kill(processId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
