import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";

/** Redis's log levels: debug, verbose, notice, warning. */
export type ScriptLogLevel = 0 | 1 | 2 | 3;

/** Where the writes of a script go besides the data: redis.set_repl. Bits: 1 the log, 2 the replicas. */
export type ReplicationTargets = 0 | 1 | 2 | 3;

/** What a script needs of the server that runs it. */
export interface ScriptHost {
  /**
   * Runs one command for redis.call and redis.pcall, and writes its one reply in `reply.protocol`. An error reply, too,
   * is written; whatever is thrown ends the script's VM. The arguments lie in that VM's memory and are valid until the
   * call returns. The engine must not be called from here.
   */
  call(args: Arguments, reply: ReplyWriter): void;
  /** Whether the user may run the command on these keys; undefined when there is no such command. */
  mayRun(args: Arguments): boolean | undefined;
  /** `message` has one character per byte. */
  log(level: ScriptLogLevel, message: string): void;
  setReplication(targets: ReplicationTargets): void;
  /** Whether the running script has changed data. */
  hasWritten(): boolean;
  /** The script answers with an error that no command has counted yet. */
  countError(message: string): void;
}
