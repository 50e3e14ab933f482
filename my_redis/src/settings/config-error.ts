import { version } from "../version.ts";

/** One line of the configuration. */
export interface ConfigLine {
  /** Where the line stands, as messages name it: a file, standard input, or the command line. */
  readonly source: string;
  /** Counted from 1. */
  readonly number: number;
  /** Without the blanks at its start and end. */
  readonly text: string;
}

/** The start is refused because of a line of the configuration. The message quotes the line and says what is wrong. */
export class ConfigError extends Error {
  readonly line: ConfigLine;

  constructor(line: ConfigLine, reason: string) {
    super(
      `*** FATAL CONFIG FILE ERROR (MyRedis ${version}) ***\n` +
        `Reading the configuration ${line.source}, at line ${line.number}\n>>> '${line.text}'\n${reason}`,
    );
    this.name = "ConfigError";
    this.line = line;
  }
}

/** A configuration file cannot be read. */
export class ConfigFileError extends Error {
  constructor(path: string, cause: unknown) {
    const code = (cause as { code?: unknown } | null)?.code;
    const reason = code === "ENOENT" ? "No such file or directory" : String((cause as Error | null)?.message ?? cause);
    super(`Fatal error, can't open config file '${path}': ${reason}`, { cause });
    this.name = "ConfigFileError";
  }
}
