import type { Arguments } from "../protocol/arguments.ts";
import type { CommandTip } from "./describe/command-tip.ts";
import type { ArgumentSyntax } from "./describe/syntax.ts";
import type { FindPositions, KeyRange } from "./key-positions.ts";
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

/**
 * What becomes of a command between MULTI and EXEC: "queue" unless the entry says otherwise. "run" commands run at once;
 * EXEC alone runs what the others have queued, and is judged by the queued commands.
 */
export type InsideMulti = "queue" | "run" | "run the queue";

/** What an entry says of its command, but for what needs a context. */
export interface CommandDescription {
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
  readonly findKeys?: FindPositions | undefined;
  /** How the key at a position is treated, where the other arguments decide it. */
  readonly keyAccess?: ((args: Arguments, position: number) => KeyAccess) | undefined;
  /** Hints for proxies: how the command spreads over nodes, and whether its replies vary. */
  readonly tips?: readonly CommandTip[];
  /** Whether the argument is a password or the like. The slow log and MONITOR do not show secrets. */
  readonly isSecret?: ((args: Arguments, index: number) => boolean) | undefined;
  readonly insideMulti?: InsideMulti;
  /** It begins to watch keys, or ends that: on a ring, the node of the keys has to know. */
  readonly watching?: "begins" | "ends" | "ends with MULTI" | undefined;
  /** A subcommand's arguments in HELP, where they are not those of the syntax: "<pattern> [<pattern> ...]". */
  readonly usage?: string | undefined;
  /** Allowed while a RESP2 client has subscriptions. Such a client takes other replies for messages. */
  readonly whileSubscribed?: true | undefined;
  /** ACL categories beyond those that follow from flags and group. */
  readonly categories?: readonly string[] | undefined;
}

/** A description, completed for the pipeline. */
export interface CommandFacts extends Omit<CommandDescription, "brief" | "flags" | "keys" | "syntax" | "tips"> {
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
  readonly findKeys?: FindPositions | undefined;
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

export const noCalls = (): CommandStatistics => ({
  calls: 0,
  microseconds: 0,
  rejectedCalls: 0,
  failedCalls: 0,
  durations: undefined,
});
