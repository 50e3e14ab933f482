import { appendFileSync } from "node:fs";
import type { LogLevel } from "./environment.ts";
import type { Settings } from "./settings/settings.ts";
import { checkWritable } from "./writable-file.ts";

const ranks: Record<LogLevel, number> = { debug: 0, info: 1, notice: 2, warning: 3, error: 3 };
const thresholds = { debug: 0, verbose: 1, notice: 2, warning: 3 };
const marks: Record<LogLevel, string> = { debug: ".", info: "-", notice: "*", warning: "#", error: "#" };
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * The messages of a server that runs as a program, in the form of redis-server's, so that the same tools can read them:
 * "<process>:M <date> <mark> <message>". They go to `logfile`, or to standard output.
 *
 * A message that the file does not take, for example because the disk is full, goes to standard output instead. One that
 * standard output does not take either, because its reader has ended, is dropped: the work that reports it must go on.
 * Throws UnwritableError when the file cannot be opened at the start.
 */
export function serverLog(settings: Settings): (level: LogLevel, message: string, error?: unknown) => void {
  const { logfile } = settings.values;
  if (logfile !== "") checkWritable(logfile, `logfile '${logfile}'`);
  // Standard output reports a reader that has ended by an exception, by this event, or by both.
  process.stdout.on("error", () => {});
  return (level, message, error) => {
    if (ranks[level] < thresholds[settings.values.loglevel]) return;
    const what = error === undefined ? message : `${message}: ${describe(error)}`;
    const line = `${process.pid}:M ${dateText(new Date())} ${marks[level]} ${what}\n`;
    if (logfile !== "" && isDone(() => appendFileSync(logfile, line))) return;
    isDone(() => process.stdout.write(line));
  };
}

function isDone(write: () => void): boolean {
  try {
    write();
    return true;
  } catch {
    return false;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function dateText(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const day = `${two(date.getDate())} ${months[date.getMonth()]} ${date.getFullYear()}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
