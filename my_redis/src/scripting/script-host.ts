import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";

/** Redis's log levels: debug, verbose, notice, warning. */
export type ScriptLogLevel = 0 | 1 | 2 | 3;

/** Where a script's writes go besides the data, chosen by redis.set_repl. Bits: 1 the log, 2 the replicas. */
export type ReplicationTargets = 0 | 1 | 2 | 3;

/** The services that a script needs from the server that runs it. */
export interface ScriptHost {
  /** The version of Redis that scripts are told. */
  readonly redisVersion: string;
  /**
   * Runs one command for redis.call and redis.pcall, and writes its one reply in `reply.protocol`. Error replies are
   * written as well; a thrown exception ends the script's VM. The arguments lie in that VM's memory and are valid until
   * the call returns. The engine must not be called from here.
   */
  call(args: Arguments, reply: ReplyWriter): void;
  /** Whether the user may run the command on these keys; undefined when the command does not exist. */
  mayRun(args: Arguments): boolean | undefined;
  /** `message` has one character per byte. */
  log(level: ScriptLogLevel, message: string): void;
  setReplication(targets: ReplicationTargets): void;
  /** Whether the running script has changed data. */
  hasWritten(): boolean;
  /** The script ends with an error that no command has counted yet. */
  countError(message: string): void;
}
