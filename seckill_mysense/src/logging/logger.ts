export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** One line of JSON per event: time, level, message, and fields with names of their own. Never secrets or passwords. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const severity = { debug: 0, info: 1, warn: 2, error: 3 } as const;

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Takes one line without its end. */
  readonly write: (line: string) => void;
  readonly now: () => number;
}

export function createLogger(options: LoggerOptions): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (severity[level] < severity[options.level]) return;
      options.write(JSON.stringify({ time: new Date(options.now()).toISOString(), level, message, ...fields }));
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** For tests, and for embedding where nobody reads the log. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
