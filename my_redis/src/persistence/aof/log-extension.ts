import type { LogWord } from "../../dispatch/log-target.ts";
import type { Arguments } from "../../protocol/arguments.ts";

/** A part of the server that keeps its own entries in the log, as commands that change no data. */
export interface LogExtension {
  /** Gets every command of a log that is being loaded, and handles its own entries. Throws for a malformed one. */
  load(args: Arguments): void;
  /** The entries with which a rewritten log must begin. */
  carryOver(): readonly (readonly LogWord[])[];
  /** Gets every annotation that is no checksum, without "#" and line end. */
  annotated?(text: string): void;
  /** An annotation with its line end that follows what a turn has written; empty for none. */
  closing?(): string;
}

/** Two parts that keep entries in the same log. */
export function bothExtensions(one: LogExtension, other: LogExtension): LogExtension {
  return {
    load(args) {
      one.load(args);
      other.load(args);
    },
    carryOver: () => [...one.carryOver(), ...other.carryOver()],
    annotated(text) {
      one.annotated?.(text);
      other.annotated?.(text);
    },
    closing: () => (one.closing?.() ?? "") + (other.closing?.() ?? ""),
  };
}
