import { pino } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Writes one line of JSON per event: `time` (ISO 8601, UTC), `level`, `message`, then the fields. Never log secrets or
 * passwords.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Fields with these names are logged as "[Redacted]". No call passes one today; this guards against mistakes. */
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
  /** Gets one line without its line end. It must write synchronously, so that a killed process loses no line. */
  readonly write: (line: string) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function createLogger({ level, write, now }: LoggerOptions): Logger {
  const lines = pino(
    {
      level,
      base: null,
      // The library starts a line with the level, then the time. So that the time comes first, the level is an empty
      // object here, whose brace is what the time follows, and the first field below.
      timestamp: () => `"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: () => ({}) },
      redact: secretFields,
    },
    { write: (line) => write(line.trimEnd()) },
  );
  // Passed as the first fields, level and message come before the other fields, where people look for it.
  const at =
    (severity: LogLevel) =>
    (message: string, fields?: LogFields): void =>
      lines[severity]({ level: severity, message, ...fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Discards every event. For tests, and for embedding without a log. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
