import { readFileSync } from "node:fs";

/** The memory that a process has in RAM, in bytes, as Linux counts it. */
export function residentBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)![1]) * 1_024;
}
