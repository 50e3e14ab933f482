import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Another server that is alive goes on with the log of this folder. */
export class FolderInUseError extends Error {}

/**
 * Takes a folder for this process alone; the result gives it back. Two servers that append to one log would leave what
 * neither can load. The lock is a file that names its process so exactly (number, moment of its start, boot of the
 * machine) that one left behind by a process that was killed is never taken for a live one. Where the system does not
 * tell these things (it needs /proc) nothing is locked. Throws FolderInUseError.
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

/** Empty when it has gone meanwhile. */
function readHolder(path: string): string {
  return existsSync(path) ? readFileSync(path, "latin1") : "";
}

/**
 * "number start boot", or undefined when there is no such process, or no way to know. A process that has ended is none,
 * even while nobody has waited for it: in a container whose first process does not, it would count for ever.
 */
function describeProcess(number: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    const status = readFileSync(`/proc/${number}/stat`, "latin1");
    // The name, in parentheses, may hold spaces; behind it stand the state, and as the 20th field the start.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    const [state = ""] = fields;
    const start = fields[19];
    if ("ZX".includes(state)) return undefined;
    return `${number} ${start} ${boot}`;
  } catch {
    return undefined;
  }
}
