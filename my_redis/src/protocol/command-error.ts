/**
 * An error reply. Command handlers throw it; the pipeline takes back what the handler had written and answers with
 * the message. The text starts with the error code ("ERR", "WRONGTYPE", ...) and is Redis's, to the letter.
 */
export class CommandError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CommandError";
  }
}

/** Error replies that more than one command gives. */
export const errors = {
  syntax: "ERR syntax error",
  wrongType: "WRONGTYPE Operation against a key holding the wrong kind of value",
  notInteger: "ERR value is not an integer or out of range",
  notFloat: "ERR value is not a valid float",
  noSuchKey: "ERR no such key",
  overflow: "ERR increment or decrement would overflow",
  outOfRange: "ERR index out of range",
  stringTooLong: "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
  busyScript: "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
  invalidCursor: "ERR invalid cursor",
  sameObject: "ERR source and destination objects are the same",
  outOfDatabaseRange: "ERR DB index is out of range",
  wrongArity: (name: string) => `ERR wrong number of arguments for '${name}' command`,
  /** The error of an EXEC that cannot run. */
  discarded: (reason: string) => `EXECABORT Transaction discarded because of: ${reason.replace(/^ERR /, "")}`,
  invalidExpire: (name: string) => `ERR invalid expire time in '${name}' command`,
  unknownSubcommand: (sub: string, container: string) =>
    `ERR unknown subcommand '${sub}'. Try ${container.toUpperCase()} HELP.`,
  subcommandSyntax: (sub: string, container: string) =>
    `ERR unknown subcommand or wrong number of arguments for '${sub}'. Try ${container.toUpperCase()} HELP.`,
} as const;
