import { type CommandFlag, noCalls } from "./command-facts.ts";
import type { Command, CommandDefinition } from "./context.ts";
import { arityOf } from "./describe/syntax-arity.ts";
import { parseSyntax } from "./describe/syntax.ts";
import { fixedRange, needsSearch, searchKeys } from "./key-positions.ts";

export type { CommandFlag, CommandGroup, CommandStatistics, InsideMulti } from "./command-facts.ts";
export type { Command, CommandDefinition, Load, Run } from "./context.ts";

/** Declares one command. All facts about it stand in this one entry. Throws when the syntax is not well-formed. */
export function command(definition: CommandDefinition): Command {
  const { brief, flags: declared, keys = [], syntax: text = "", tips = [] } = definition;
  const words = definition.name.split(" ");
  const syntax = parseSyntax(text);
  const keySpecifications = "begin" in keys ? [keys] : keys;
  const movable = needsSearch(keySpecifications);
  const flags: readonly CommandFlag[] = movable ? [...declared, "movablekeys"] : declared;
  const flagSet = new Set(flags);
  // All fields of all commands in one order, absent ones included: so the engine finds them in one way, whichever command
  // runs.
  return {
    name: words.at(-1) as string,
    fullName: words.join("|").toLowerCase(),
    run: definition.run,
    load: definition.load,
    loadOperation: definition.loadOperation,
    arity:
      definition.arity ??
      (definition.subcommands === undefined ? arityOf(words.length, syntax) : arityOfContainer(definition)),
    isWrite: flagSet.has("write"),
    isBrief: flagSet.has("fast") || brief === true,
    flagSet,
    insideMulti: definition.insideMulti ?? "queue",
    whileSubscribed: definition.whileSubscribed,
    subscribes: definition.subscribes,
    watchesServer: definition.watchesServer,
    subcommands: definition.subcommands,
    statistics: noCalls(),
    keyRange: fixedRange(keySpecifications),
    findKeys: movable ? (definition.findKeys ?? searchKeys(keySpecifications)) : undefined,
    needsMemory: definition.needsMemory,
    mayReplicate: definition.mayReplicate,
    permission: definition.permission,
    watching: definition.watching,
    readsKeyspace: definition.readsKeyspace,
    selectsDatabase: definition.selectsDatabase,
    anyConnection: definition.anyConnection,
    script: definition.script,
    isSecret: definition.isSecret,
    keepsElements: definition.keepsElements,
    group: definition.group,
    since: definition.since,
    complexity: definition.complexity,
    summary: definition.summary,
    flags,
    syntax,
    keySpecifications,
    keyAccess: definition.keyAccess,
    tips,
    usage: definition.usage,
    categories: definition.categories,
  };
}

/** A container needs at least the subcommand's name, unless it can be run without one. */
const arityOfContainer = ({ run }: CommandDefinition): number => (run === undefined ? -2 : -1);
