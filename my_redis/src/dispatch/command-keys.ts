import type { Arguments } from "../protocol/arguments.ts";
import type { CommandFacts } from "./command-facts.ts";
import { positionsBetween } from "./key-positions.ts";

/** Whether a command can have keys at all. */
export const mayHaveKeys = (entry: CommandFacts): boolean =>
  entry.keyRange !== undefined || entry.findKeys !== undefined;

/** The positions of the keys among the arguments; empty when there are none, or when the arguments do not say. */
export function keyPositions(entry: CommandFacts, args: Arguments): number[] {
  if (entry.findKeys !== undefined) return entry.findKeys(args);
  if (entry.keyRange === undefined) return [];
  const { first, last, step } = entry.keyRange;
  return positionsBetween(first, last < 0 ? args.count + last : last, step, args);
}
