import type { Arguments } from "../protocol/arguments.ts";

/** Whether a word, given in lower case, is among the arguments from `first` on. */
export function hasWord(args: Arguments, first: number, word: string): boolean {
  for (let index = first; index < args.count; index++) if (args.is(index, word)) return true;
  return false;
}
