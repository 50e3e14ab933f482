import { RingOfProcesses } from "../../my_redis/test/cluster/crash/ring-of-processes.ts";

export const seats = 3;
/** Pause between two requests of a client. */
export const probePauseMs = 2;

export interface ProbedRing {
  readonly ring: RingOfProcesses;
  /** A key of each place. */
  readonly keys: readonly string[];
}

/** Three places with a replica each. */
export async function startProbedRing(timeoutMs: number, acknowledgement: string): Promise<ProbedRing> {
  const directives = { "cluster-node-timeout": `${timeoutMs}`, "cluster-acknowledgement": acknowledgement };
  const ring = await RingOfProcesses.start(seats, directives, 1);
  const names = Array.from({ length: 1000 }, (_, number) => `probe:${number}`);
  const keys = Array.from({ length: seats }, (_, seat) => names.find((name) => ring.ownerOf(name) === seat) as string);
  return { ring, keys };
}

/** In milliseconds. */
export interface Waits {
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

export function waitsOf(times: readonly number[]): Waits {
  const sorted = times.toSorted((one, other) => one - other);
  const percentile = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
  return { p50: percentile(0.5), p99: percentile(0.99), longest: sorted.at(-1) ?? 0 };
}
