import { pino } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * One line of JSON per event: `level`, `time` (ISO 8601, UTC), `message`, and fields with names of their own. Secrets
 * and passwords do not belong into a log.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A field of such a name is logged as "[Redacted]". No call logs one; this is for the one that some day does. */
const secretFields = [
  "password",
  "passwordHash",
  "pass_word",
  "secret",
  "api_secret",
  "token",
  "cookie",
  "authorization",
];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Takes one line without its end, and has written it when it returns: a process that is killed loses no line. */
  readonly write: (line: string) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function createLogger({ level, write, now }: LoggerOptions): Logger {
  const lines = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: secretFields,
    },
    { write: (line) => write(line.trimEnd()) },
  );
  // As a field, the message stands before the others, where people look for it.
  const at =
    (severity: LogLevel) =>
    (message: string, fields?: LogFields): void =>
      lines[severity]({ message, ...fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** For tests, and for embedding where nobody reads the log. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
