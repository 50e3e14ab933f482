import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";

/**
 * CPU time that a process has used so far, all its threads, user and system, in milliseconds. From the scheduler's count
 * in nanoseconds: the one in /proc/<pid>/stat goes by hundredths of a second, too coarse for runs of half a second.
 */
export function cpuTimeMs(pid: number): number {
  let totalNs = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    totalNs += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
  }
  return totalNs / 1e6;
}

/** Resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) * 1024;
}

/** The middle value; for an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The machine and the commit of a result, stored with it. */
export interface MeasuredOn {
  readonly commit: string;
  readonly dirty: boolean;
  readonly takenAt: string;
  readonly processor: string;
  readonly cores: number;
  readonly bun: string;
}

export function measuredOn(): MeasuredOn {
  const git = (...words: string[]): string => execFileSync("git", words, { encoding: "utf8" }).trim();
  return {
    commit: git("rev-parse", "--short=12", "HEAD"),
    dirty: git("status", "--porcelain", "--untracked-files=no") !== "",
    takenAt: new Date().toISOString(),
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    bun: Bun.version,
  };
}

const root = `${import.meta.dirname}/..`;
const resultsFile = (name: string, machine: MeasuredOn): string =>
  `bench/results/${name}-${machine.takenAt.slice(0, 10)}-${machine.commit}.json`;

/** Keeps what was measured in bench/results/; gives the file's name. */
export function keepResults(name: string, machine: MeasuredOn, figures: object): string {
  const file = resultsFile(name, machine);
  writeFileSync(`${root}/${file}`, `${JSON.stringify({ machine, ...figures }, null, 2)}\n`);
  return file;
}

/**
 * As `keepResults`, for a benchmark that may run in parts: rows of the same day and commit stay in the file, except
 * those with the `scene` of a new row. Gives the file's name.
 */
export function joinResults(name: string, machine: MeasuredOn, rows: readonly { readonly scene: string }[]): string {
  const path = `${root}/${resultsFile(name, machine)}`;
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as { rows: typeof rows }).rows : [];
  const kept = before.filter(({ scene }) => !rows.some((row) => row.scene === scene));
  return keepResults(name, machine, { rows: [...kept, ...rows] });
}

/** Rows as text in columns; the first row is the heading. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0, column))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const pad = (cell: string, width: number, column: number): string =>
  column === 0 ? cell.padEnd(width) : cell.padStart(width);
