import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Context } from "./context.ts";
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

/** Where the keys stand among the arguments. `last` counts from the end when negative. */
export interface KeyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** Handlers are synchronous, so that a script's redis.call is a plain call. */
export type Run = (context: Context, args: Arguments, reply: ReplyWriter) => void;

export interface CommandDefinition {
  /** Upper case; for a subcommand its own name alone ("GET" of CONFIG). */
  readonly name: string;
  readonly group: CommandGroup;
  /** The Redis version that brought it. */
  readonly since: string;
  readonly complexity: string;
  readonly summary: string;
  readonly flags: readonly CommandFlag[];
  /** Arguments with the name; at least that many when negative. */
  readonly arity: number;
  readonly keys?: KeyRange;
  /** Positions of the keys, for commands where `keys` cannot tell (numkeys, STREAMS, STORE ...). */
  readonly findKeys?: (args: Arguments) => number[];
  /** Whether it may need more memory, where that hangs on its arguments as well as on the flag "denyoom". */
  readonly needsMemory?: (context: Context, args: Arguments) => boolean;
  /**
   * Whether it may be passed to replicas although it is no write: then CLIENT PAUSE WRITE holds it back. Scripts that
   * only read may not call it.
   */
  readonly mayReplicate?: (context: Context, args: Arguments) => boolean;
  /** A subcommand's arguments as HELP shows them: "<pattern> [<pattern> ...]". */
  readonly usage?: string;
  /** A client of RESP2 may use it while he has subscriptions: then whatever else comes he takes for messages. */
  readonly whileSubscribed?: true;
  /** ACL categories beyond those that follow from flags and group. */
  readonly categories?: readonly string[];
  readonly subcommands?: readonly Command[];
  /** Missing only for a pure container. */
  readonly run?: Run;
}

/** A definition, completed for the pipeline. */
export interface Command extends CommandDefinition {
  /** Lower-case name as errors and COMMAND print it; subcommands as "config|get" once in the table. */
  fullName: string;
  readonly isWrite: boolean;
  /** Takes a bounded, short time: not every call is timed. */
  readonly isBrief: boolean;
  readonly flagSet: ReadonlySet<CommandFlag>;
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

/** Declares one command: everything about it stands in this one entry. */
export function command(definition: CommandDefinition): Command {
  const flagSet = new Set(definition.flags);
  return {
    ...definition,
    fullName: definition.name.toLowerCase(),
    isWrite: flagSet.has("write"),
    isBrief: flagSet.has("fast") || definition.complexity.startsWith("O(1)"),
    flagSet,
    statistics: noCalls(),
  };
}

export const noCalls = (): CommandStatistics => ({
  calls: 0,
  microseconds: 0,
  rejectedCalls: 0,
  failedCalls: 0,
  durations: undefined,
});
