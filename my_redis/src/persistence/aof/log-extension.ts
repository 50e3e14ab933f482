import type { LogWord } from "../../dispatch/change-log.ts";
import type { Arguments } from "../../protocol/arguments.ts";

/** A part of the server that keeps entries of its own in the log, as commands that change no data. */
export interface LogExtension {
  /** Is shown every command of a log that is loaded, and takes its own entries. Throws for one that is malformed. */
  load(args: Arguments): void;
  /** The entries with which a log that is written anew begins. */
  carryOver(): readonly (readonly LogWord[])[];
}
