/** What a server takes from the world outside: time, chance, and a place for messages. Tests put their own here. */
export interface Environment {
  /** Wall clock, Unix milliseconds. */
  readonly nowMs: () => number;
  /** A clock that never goes back, in milliseconds with fractions. */
  readonly monotonicMs: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Two random 32-bit integers: the key of the hash. */
  readonly hashKeys: () => [number, number];
  /** 40 random hexadecimal digits. */
  readonly runId: () => string;
  readonly report: (level: LogLevel, message: string, error?: unknown) => void;
}

export type LogLevel = "debug" | "info" | "notice" | "warning" | "error";

/** The real world. */
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
    report,
  };
}
