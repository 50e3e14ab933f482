import { appendFileSync } from "node:fs";
import type { LogLevel } from "./environment.ts";
import type { Settings } from "./settings/settings.ts";

const ranks: Record<LogLevel, number> = { debug: 0, info: 1, notice: 2, warning: 3, error: 3 };
const thresholds = { debug: 0, verbose: 1, notice: 2, warning: 3 };
const marks: Record<LogLevel, string> = { debug: ".", info: "-", notice: "*", warning: "#", error: "#" };
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * The messages of a server that runs as a program, in the form of redis-server's, so that the same tools can read them:
 * "<process>:M <date> <mark> <message>". They go to `logfile`, or to standard output.
 */
export function serverLog(settings: Settings): (level: LogLevel, message: string, error?: unknown) => void {
  return (level, message, error) => {
    if (ranks[level] < thresholds[settings.values.loglevel]) return;
    const what = error === undefined ? message : `${message}: ${describe(error)}`;
    const line = `${process.pid}:M ${dateText(new Date())} ${marks[level]} ${what}\n`;
    if (settings.values.logfile === "") process.stdout.write(line);
    else appendFileSync(settings.values.logfile, line);
  };
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
