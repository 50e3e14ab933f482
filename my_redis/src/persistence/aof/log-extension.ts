import type { LogWord } from "../../dispatch/log-target.ts";
import type { Arguments } from "../../protocol/arguments.ts";

/** A part of the server that keeps its own entries in the log, as commands that change no data. */
export interface LogExtension {
  /** Gets every command of a log that is being loaded, and handles its own entries. Throws for a malformed one. */
  load(args: Arguments): void;
  /** The entries with which a rewritten log must begin. */
  carryOver(): readonly (readonly LogWord[])[];
}
