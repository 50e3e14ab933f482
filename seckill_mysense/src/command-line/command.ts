import type { Task } from "../roles/task.ts";
import type { ExitCode } from "./exit-codes.ts";
import { type ArgumentTable, type ArgumentValues, flag, type OptionTable, type OptionValues, text } from "./option.ts";

/** Headings of the help, in their order. */
export const topics = ["Run", "Look", "Sales", "Mend", "Set up", "Other"] as const;
type Topic = (typeof topics)[number];

/** Options that many commands share, so that they mean the same everywhere. */
export const sharedOptions = {
  config: text("file", "settings that differ from the defaults; without it the shipped config.json"),
  json: flag("one JSON document instead of text"),
};

/** One command, as parsing, help, completion and the documentation read it. */
export interface Command {
  /** The words that call it, such as "sale room rate". */
  readonly path: string;
  readonly topic: Topic;
  readonly summary: string;
  /** Sentences that the command's own help shows below the summary. */
  readonly details?: string;
  /** Words after `seckill` that show how it is used. */
  readonly example: string;
  readonly arguments: ArgumentTable;
  readonly options: OptionTable;
  /** The codes besides 0 and that for mistakes. */
  readonly ends: readonly ExitCode[];
  /** All words after the path belong to another program, which has its own help. */
  readonly passesOn?: boolean;
  /** `words`: those that are passed on. */
  toTask(given: ArgumentTable, options: OptionTable, words: readonly string[]): Task;
}

interface Entry<Arguments extends ArgumentTable, Options extends OptionTable> extends Omit<
  Command,
  "arguments" | "options" | "toTask"
> {
  readonly arguments: Arguments;
  readonly options: Options;
  toTask(given: ArgumentValues<Arguments>, options: OptionValues<Options>, words: readonly string[]): Task;
}

/** Gives `toTask` the types of the command's own arguments and options. */
export function command<Arguments extends ArgumentTable, Options extends OptionTable>(
  entry: Entry<Arguments, Options>,
): Command {
  return entry as unknown as Command;
}
