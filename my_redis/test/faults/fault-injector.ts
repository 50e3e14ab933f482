import { join } from "node:path";
import { readFileSync } from "node:fs";
import { startProcess, type StartedProcess, temporaryFolder } from "../../../tools/test-services/index.ts";

/** Groups of system calls that fail together. */
export const callGroups = {
  write: "write,pwrite64,writev,pwritev,pwritev2",
  sync: "fsync,fdatasync",
  rename: "rename,renameat,renameat2",
  open: "openat",
  truncate: "ftruncate,truncate",
  remove: "unlink,unlinkat",
  close: "close",
} as const;

export type CallGroup = keyof typeof callGroups;

/** System calls on some files that fail or are late. */
export interface Fault {
  readonly calls: CallGroup;
  /** The system's error, EIO, ENOSPC ...; or how long the call waits before it begins or before it returns. */
  readonly effect: string | { readonly lateAt: "enter" | "exit"; readonly ms: number };
  /** Which of the calls of each thread are meant, as strace writes it: "2" the second one, "1+" all of them. */
  readonly when: string;
}

/** A fault in the words of strace. */
function injectionOf({ calls, effect, when }: Fault): string {
  const what = typeof effect === "string" ? `error=${effect}` : `delay_${effect.lateAt}=${effect.ms * 1000}`;
  return `inject=${callGroups[calls]}:${what}:when=${when}`;
}

/** The words of strace that make calls on these files fail or be late. `trace` is the file that strace writes. */
export function straceWords(faults: readonly Fault[], paths: readonly string[], trace: string): string[] {
  const calls = faults.map((fault) => callGroups[fault.calls]).join(",");
  const words = ["-f", "-o", trace, "-e", `trace=${calls}`, ...paths.flatMap((path) => ["-P", path])];
  return [...words, ...faults.flatMap((fault) => ["-e", injectionOf(fault)])];
}

/**
 * The files of a server in `dir` on which these calls may fail. strace must know their names, even of those to come.
 *
 * strace lets a call fail by not making it. A real close frees the descriptor whatever it returns, and with it the lock
 * of the folder. After a close that was not made, the process would hold that lock for good, which no system does. strace
 * cannot make the call and replace what it returns. So the lock file is left out when calls of close fail.
 */
export function pathsOf(dir: string, processId: number, faults: readonly Fault[]): string[] {
  const folder = join(dir, "appendonlydir");
  const numbers = Array.from({ length: 12 }, (_, index) => index + 1);
  const names = numbers.flatMap((number) => [
    `appendonly.aof.${number}.incr.aof`,
    `temp-appendonly.aof.${number}.incr.aof`,
    `appendonly.aof.${number}.base.rdb`,
  ]);
  names.push("appendonly.aof.manifest", "temp-appendonly.aof.manifest", `temp-rewriteaof-${processId}.aof`);
  const snapshots = ["dump.rdb", `temp-now-${processId}-dump.rdb`, `temp-background-${processId}-dump.rdb`];
  if (!faults.some(({ calls }) => calls === "close")) names.push("lock");
  return [folder, ...names.map((name) => join(folder, name)), ...snapshots.map((name) => join(dir, name))];
}

/** A process whose system calls fail, until `end`. */
export class FaultInjector {
  readonly #strace: StartedProcess;
  readonly #trace: string;

  private constructor(strace: StartedProcess, trace: string) {
    this.#strace = strace;
    this.#trace = trace;
  }

  static async attach(processId: number, faults: readonly Fault[], paths: readonly string[]): Promise<FaultInjector> {
    const trace = join(temporaryFolder("strace"), "trace");
    const words = straceWords(faults, paths, trace);
    const cmd = ["strace", ...words, "-p", `${processId}`] as [string, ...string[]];
    const strace = await startProcess({ cmd, readyWhen: (started) => started.stderr().includes(" attached") });
    return new FaultInjector(strace, trace);
  }

  /** Number of calls that have failed so far. */
  get injected(): number {
    return injectedIn(this.#trace);
  }

  /** Lets the calls work again. Returns how many have failed. */
  async end(): Promise<number> {
    await this.#strace.kill("SIGINT");
    await this.#strace.exited;
    return this.injected;
  }
}

/** Number of calls in strace's file that were made to fail. */
export const injectedIn = (trace: string): number => readFileSync(trace, "latin1").split("(INJECTED)").length - 1;
