import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Another running server uses the log of this folder. */
export class FolderInUseError extends Error {}

/**
 * Locks a folder for this process; call the result to unlock it. Two servers that append to one log would leave a log
 * that neither can load. The lock is a file that identifies its process exactly, by number, start time and boot of the
 * machine, so that the lock of a killed process is never taken for a live one. Where the system has no /proc nothing is
 * locked. Throws FolderInUseError.
 */
export function lockFolder(folder: string): () => void {
  const own = describeProcess(process.pid);
  if (own === undefined) return () => {};
  const path = join(folder, "lock");
  for (;;) {
    try {
      writeFileSync(path, own, { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = readHolder(path);
    const number = Number(holder.split(" ", 1)[0]);
    if (holder === describeProcess(number)) {
      throw new FolderInUseError(`${folder} is in use by process ${number}: a log can be written by one server only`);
    }
    rmSync(path, { force: true });
  }
}

/** Empty when the file has disappeared meanwhile. */
function readHolder(path: string): string {
  return existsSync(path) ? readFileSync(path, "latin1") : "";
}

/**
 * "number start boot", or undefined when the process does not exist or the system does not say. A zombie process counts
 * as missing: in a container whose first process reaps no children, it would exist for ever.
 */
function describeProcess(number: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    const status = readFileSync(`/proc/${number}/stat`, "latin1");
    // The name, in parentheses, may contain spaces. After it comes the state; the start time is the 20th field from
    // there.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    const [state = ""] = fields;
    const start = fields[19];
    if ("ZX".includes(state)) return undefined;
    return `${number} ${start} ${boot}`;
  } catch {
    return undefined;
  }
}
