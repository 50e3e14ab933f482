import { existsSync, readFileSync } from "node:fs";

/** Whether a process still runs. One that has ended, but was not yet waited for by its parent, counts as ended. */
export function processIsAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1) throw new Error(`a process id is a positive whole number, not ${pid}`);
  if (!existsSync("/proc/self/stat")) return answersSignal(pid);
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The program's name, in brackets, may contain anything: the state follows behind the last one.
    return !"ZX".includes(text.slice(text.lastIndexOf(")") + 2)[0] ?? "X");
  } catch {
    return false;
  }
}

function answersSignal(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
