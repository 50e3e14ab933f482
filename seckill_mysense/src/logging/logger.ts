import { pino } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Writes one line of JSON per event: `level`, `time` (ISO 8601, UTC), `message`, then the fields. Never log secrets or
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
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: secretFields,
    },
    { write: (line) => write(line.trimEnd()) },
  );
  // Passed as the first field, the message comes before the other fields, where people look for it.
  const at =
    (severity: LogLevel) =>
    (message: string, fields?: LogFields): void =>
      lines[severity]({ message, ...fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Discards every event. For tests, and for embedding without a log. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
