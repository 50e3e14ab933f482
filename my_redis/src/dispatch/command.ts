import { noCalls } from "./command-facts.ts";
import type { Command, CommandDefinition } from "./context.ts";

export type { CommandFlag, CommandGroup, CommandStatistics, InsideMulti, KeyRange } from "./command-facts.ts";
export type { Command, CommandDefinition, Run } from "./context.ts";

/** Declares one command: everything about it stands in this one entry. */
export function command(definition: CommandDefinition): Command {
  const flagSet = new Set(definition.flags);
  return {
    ...definition,
    fullName: definition.name.toLowerCase(),
    isWrite: flagSet.has("write"),
    isBrief: flagSet.has("fast") || definition.complexity.startsWith("O(1)"),
    flagSet,
    insideMulti: definition.insideMulti ?? "queue",
    statistics: noCalls(),
  };
}
