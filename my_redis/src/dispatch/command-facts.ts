import type { Arguments } from "../protocol/arguments.ts";
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

/**
 * What becomes of a command between MULTI and EXEC: "queue" unless the entry says otherwise. "run" commands run at once;
 * EXEC alone runs what the others have queued, and is judged by the queued commands.
 */
export type InsideMulti = "queue" | "run" | "run the queue";

/** What an entry says of its command, but for what needs a context. */
export interface CommandDescription {
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
  readonly insideMulti?: InsideMulti;
  /** It begins to watch keys, or ends that: on a ring, the node of the keys has to know. */
  readonly watching?: "begins" | "ends" | "ends with MULTI";
  /** A subcommand's arguments as HELP shows them: "<pattern> [<pattern> ...]". */
  readonly usage?: string;
  /** A RESP2 client may use it while it has subscriptions: it takes every other reply for a message. */
  readonly whileSubscribed?: true;
  /** ACL categories beyond those that follow from flags and group. */
  readonly categories?: readonly string[];
}

/** A description, completed for the pipeline. */
export interface CommandFacts extends CommandDescription {
  /** Lower-case name as errors and COMMAND print it; subcommands as "config|get" once in the table. */
  fullName: string;
  readonly isWrite: boolean;
  /** Takes a bounded, short time: not every call is timed. */
  readonly isBrief: boolean;
  readonly flagSet: ReadonlySet<CommandFlag>;
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

export const noCalls = (): CommandStatistics => ({
  calls: 0,
  microseconds: 0,
  rejectedCalls: 0,
  failedCalls: 0,
  durations: undefined,
});
