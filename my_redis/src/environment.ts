import { machine, release, totalmem, type } from "node:os";

/** The world outside of a server: time, randomness, and a place for messages. Tests replace it. */
export interface Environment {
  /** Wall clock, Unix milliseconds. */
  readonly nowMs: () => number;
  /** A monotonic clock, in milliseconds with fractions. */
  readonly monotonicMs: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Two random 32-bit integers: the key of the hash. */
  readonly hashKeys: () => [number, number];
  /** 40 random hexadecimal digits. */
  readonly runId: () => string;
  /** The processor time and memory that the process has used so far. */
  /** Facts that stay the same. */
  readonly machine: MachineFacts;
  readonly residentBytes: () => number;
  readonly cpuSeconds: () => CpuSeconds;
  /**
   * Asks the runtime for a garbage collection, where the runtime offers that. With `atOnce` the collection stops the
   * program for some milliseconds; otherwise it runs in the background.
   */
  readonly collectGarbage: (atOnce: boolean) => void;
  /** Called during work that blocks the process for long, whenever some of it is done. */
  readonly progress: () => void;
  readonly report: (level: LogLevel, message: string, error?: unknown) => void;
}

export interface MachineFacts {
  readonly processId: number;
  /** "Linux 6.1.0 x86_64". */
  readonly system: string;
  /** "Bun 1.4.5". */
  readonly runtime: string;
  /** Path of the running program. */
  readonly executable: string;
  /** Memory of the machine. */
  readonly memoryBytes: number;
}

/** What the process has used since its start. */
export interface CpuSeconds {
  readonly user: number;
  readonly system: number;
}

export type LogLevel = "debug" | "info" | "notice" | "warning" | "error";

/** The real clock, randomness and machine. */
export function systemEnvironment(report: Environment["report"]): Environment {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    random: () => Math.random(),
    hashKeys: () => {
      const keys = crypto.getRandomValues(new Int32Array(2));
      return [keys[0] as number, keys[1] as number];
    },
    runId: () => Buffer.from(crypto.getRandomValues(new Uint8Array(20))).toString("hex"),
    machine: machineFacts(),
    residentBytes: () => process.memoryUsage.rss(),
    cpuSeconds,
    collectGarbage: (atOnce) => {
      if (typeof Bun !== "undefined") Bun.gc(atOnce);
    },
    progress: () => {},
    report,
  };
}

function machineFacts(): MachineFacts {
  return {
    processId: process.pid,
    system: `${type()} ${release()} ${machine()}`,
    runtime: typeof Bun === "undefined" ? `Node ${process.versions.node}` : `Bun ${Bun.version}`,
    executable: process.execPath,
    memoryBytes: totalmem(),
  };
}

function cpuSeconds(): CpuSeconds {
  const { user, system } = process.cpuUsage();
  return { user: user / 1e6, system: system / 1e6 };
}
