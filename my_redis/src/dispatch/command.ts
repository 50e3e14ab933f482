import { type CommandFlag, noCalls } from "./command-facts.ts";
import type { Command, CommandDefinition } from "./context.ts";
import { arityOf } from "./describe/syntax-arity.ts";
import { parseSyntax } from "./describe/syntax.ts";
import { fixedRange, needsSearch, searchKeys } from "./key-positions.ts";

export type { CommandFlag, CommandGroup, CommandStatistics, InsideMulti } from "./command-facts.ts";
export type { Command, CommandDefinition, Run } from "./context.ts";

/** Declares one command. All facts about it stand in this one entry. Throws when the syntax is not well-formed. */
export function command(definition: CommandDefinition): Command {
  const { brief, flags: declared, keys = [], syntax: text = "", tips = [], ...rest } = definition;
  const words = definition.name.split(" ");
  const syntax = parseSyntax(text);
  const keySpecifications = "begin" in keys ? [keys] : keys;
  const movable = needsSearch(keySpecifications);
  const flags: readonly CommandFlag[] = movable ? [...declared, "movablekeys"] : declared;
  const flagSet = new Set(flags);
  return {
    ...rest,
    name: words.at(-1) as string,
    fullName: words.join("|").toLowerCase(),
    syntax,
    arity:
      definition.arity ??
      (definition.subcommands === undefined ? arityOf(words.length, syntax) : arityOfContainer(definition)),
    flags,
    flagSet,
    isWrite: flagSet.has("write"),
    isBrief: flagSet.has("fast") || brief === true,
    keySpecifications,
    keyRange: fixedRange(keySpecifications),
    ...(movable ? { findKeys: definition.findKeys ?? searchKeys(keySpecifications) } : {}),
    tips,
    insideMulti: definition.insideMulti ?? "queue",
    statistics: noCalls(),
  };
}

/** A container needs at least the subcommand's name, unless it can be run without one. */
const arityOfContainer = ({ run }: CommandDefinition): number => (run === undefined ? -2 : -1);
