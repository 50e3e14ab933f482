import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Context } from "./context.ts";
import type { CommandTip } from "./describe/command-tip.ts";
import { arityOf } from "./describe/syntax-arity.ts";
import { type ArgumentSyntax, parseSyntax } from "./describe/syntax.ts";
import { type FindPositions, fixedRange, type KeyRange, needsSearch, searchKeys } from "./key-positions.ts";
import type { KeyAccess, KeySpecification } from "./key-specification.ts";
import type { DurationHistogram } from "./observers/duration-histogram.ts";

/** What the pipeline and COMMAND INFO need to know of a command; Redis's names. */
export type CommandFlag =
  | "write"
  | "readonly"
  | "denyoom"
  | "admin"
  | "pubsub"
  | "noscript"
  | "blocking"
  | "loading"
  | "stale"
  | "skip_monitor"
  | "skip_slowlog"
  | "asking"
  | "fast"
  | "no_auth"
  | "no_mandatory_keys"
  | "no_multi"
  | "no_async_loading"
  | "allow_busy"
  | "movablekeys";

export type CommandGroup =
  | "generic"
  | "string"
  | "list"
  | "set"
  | "sorted-set"
  | "hash"
  | "pubsub"
  | "transactions"
  | "connection"
  | "server"
  | "scripting"
  | "hyperloglog"
  | "cluster"
  | "geo"
  | "stream"
  | "bitmap";

/** Handlers are synchronous, so that a script's redis.call is a plain call. */
export type Run = (context: Context, args: Arguments, reply: ReplyWriter) => void;

/**
 * What becomes of a command between MULTI and EXEC: "queue" unless the entry says otherwise. "run" commands run at once;
 * EXEC alone runs what the others have queued, and is judged by the queued commands.
 */
export type InsideMulti = "queue" | "run" | "run the queue";

export interface CommandDefinition {
  /** Upper case; a subcommand's with its container's: "CONFIG GET". */
  readonly name: string;
  readonly group: CommandGroup;
  /** The Redis version that brought it. */
  readonly since: string;
  readonly complexity: string;
  /** Every call takes a bounded, short time: then not every call is timed. Commands with the flag "fast" are brief. */
  readonly brief?: true;
  readonly summary: string;
  /** The arguments, in the notation of describe/syntax.ts. Missing for a command that takes none, and for a container. */
  readonly syntax?: string;
  /** Words of a request, at least that many when negative. Stated only where it does not follow from the syntax. */
  readonly arity?: number;
  readonly flags: readonly Exclude<CommandFlag, "movablekeys">[];
  readonly keys?: KeySpecification | readonly KeySpecification[];
  /** The positions of the keys, where they do not follow from `keys`. */
  readonly findKeys?: FindPositions;
  /** How the key at a position is treated, where the other arguments decide it. */
  readonly keyAccess?: (args: Arguments, position: number) => KeyAccess;
  /** Hints for proxies: how the command spreads over nodes, and whether its replies vary. */
  readonly tips?: readonly CommandTip[];
  /** Whether the argument is a password or the like. The slow log and MONITOR do not show secrets. */
  readonly isSecret?: (args: Arguments, index: number) => boolean;
  /** Whether these arguments may need more memory; commands with the flag "denyoom" always may. */
  readonly needsMemory?: (context: Context, args: Arguments) => boolean;
  /**
   * Whether it may be passed to replicas although it is no write: then CLIENT PAUSE WRITE holds it back. Scripts that
   * only read may not call it.
   */
  readonly mayReplicate?: (context: Context, args: Arguments) => boolean;
  readonly insideMulti?: InsideMulti;
  /** A subcommand's arguments in HELP, where they are not those of the syntax: "<pattern> [<pattern> ...]". */
  readonly usage?: string;
  /** Allowed while a RESP2 client has subscriptions. Such a client takes other replies for messages. */
  readonly whileSubscribed?: true;
  /** ACL categories beyond those that follow from flags and group. */
  readonly categories?: readonly string[];
  readonly subcommands?: readonly Command[];
  /** Missing only for a pure container. */
  readonly run?: Run;
}

/** A definition, completed for the pipeline. */
export interface Command extends Omit<CommandDefinition, "brief" | "flags" | "keys" | "syntax" | "tips"> {
  /** Upper case; a subcommand's own name alone ("GET" of CONFIG). */
  readonly name: string;
  /** Lower-case name as errors and COMMAND print it; "config|get" for a subcommand. */
  readonly fullName: string;
  readonly syntax: readonly ArgumentSyntax[];
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  readonly flagSet: ReadonlySet<CommandFlag>;
  readonly isWrite: boolean;
  /** Every call takes a bounded, short time: not every call is timed. */
  readonly isBrief: boolean;
  readonly keySpecifications: readonly KeySpecification[];
  /** The keys at fixed places. */
  readonly keyRange: KeyRange | undefined;
  /** Finds all keys, for a command whose keys do not all stand in the `keyRange`. */
  readonly findKeys?: FindPositions;
  readonly tips: readonly CommandTip[];
  readonly insideMulti: InsideMulti;
  /** Calls and microseconds, for INFO commandstats. */
  readonly statistics: CommandStatistics;
}

export interface CommandStatistics {
  calls: number;
  microseconds: number;
  rejectedCalls: number;
  failedCalls: number;
  /** Undefined while no call was measured, or latency-tracking is off. */
  durations: DurationHistogram | undefined;
}

/** Declares one command: all facts about it stand in this one entry. Throws when the syntax is not well-formed. */
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

/** A container takes at least the subcommand's name, unless it can be run without one. */
const arityOfContainer = ({ run }: CommandDefinition): number => (run === undefined ? -2 : -1);

export const noCalls = (): CommandStatistics => ({
  calls: 0,
  microseconds: 0,
  rejectedCalls: 0,
  failedCalls: 0,
  durations: undefined,
});
