import type { Arguments } from "../protocol/arguments.ts";
import type { CommandFacts } from "./command-facts.ts";

/** Whether a command can have keys at all. */
export const mayHaveKeys = (entry: CommandFacts): boolean => entry.keys !== undefined || entry.findKeys !== undefined;

/** The positions of the keys among the arguments. Empty when there are none, or when they cannot be told. */
export function keyPositions(entry: CommandFacts, args: Arguments): number[] {
  if (entry.findKeys !== undefined) return entry.findKeys(args);
  if (entry.keys === undefined) return [];
  const { first, last, step } = entry.keys;
  const end = last < 0 ? args.count + last : last;
  const positions: number[] = [];
  for (let index = first; index <= end && index < args.count; index += step) positions.push(index);
  return positions;
}
