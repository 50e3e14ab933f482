import { existsSync, readFileSync } from "node:fs";

/** Whether a process still runs. One that has ended, but was not yet waited for by its parent, counts as ended. */
export function processIsAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1) throw new Error(`a process id is a positive whole number, not ${pid}`);
  if (!existsSync("/proc/self/stat")) return answersSignal(pid);
  const state = processState(pid);
  return state !== undefined && !"ZX".includes(state);
}

/** Whether a process has been frozen by SIGSTOP; also true where the system has no /proc that would tell. */
export function processIsFrozen(pid: number): boolean {
  return !existsSync("/proc/self/stat") || processState(pid) === "T";
}

/** The letter by which Linux names the state of a process; undefined when there is no such process. */
function processState(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The program's name, in brackets, may contain anything: the state follows behind the last one.
    return text.slice(text.lastIndexOf(")") + 2)[0];
  } catch {
    return undefined;
  }
}

function answersSignal(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
