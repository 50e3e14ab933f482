import type { Arguments } from "../protocol/arguments.ts";
import type { CommandTip } from "./describe/command-tip.ts";
import type { ArgumentSyntax } from "./describe/syntax.ts";
import type { FindPositions, KeyRange } from "./key-positions.ts";
import type { KeyAccess, KeySpecification } from "./key-specification.ts";
import type { DurationHistogram } from "./observers/duration-histogram.ts";

/** Properties of a command for the pipeline and COMMAND INFO, in Redis's names. */
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
 * How MULTI treats a command: "queue" unless the entry says otherwise. "run" commands run at once. EXEC alone has "run
 * the queue"; checks judge it by the queued commands.
 */
export type InsideMulti = "queue" | "run" | "run the queue";

/** The facts of a command's entry, except for the functions that need a context. */
export interface CommandDescription {
  /** In upper case. A subcommand's name begins with its container's: "CONFIG GET". */
  readonly name: string;
  readonly group: CommandGroup;
  /** The Redis version that introduced the command. */
  readonly since: string;
  readonly complexity: string;
  /**
   * Every call is bounded and short, so that only a sample of the calls is timed. Commands with the flag "fast" are
   * brief.
   */
  readonly brief?: true;
  readonly summary: string;
  /**
   * The arguments, in the notation of describe/syntax.ts. Missing for a command without arguments and for a container.
   */
  readonly syntax?: string;
  /** Number of words of a request; negative for a minimum. Stated only where it does not follow from the syntax. */
  readonly arity?: number;
  readonly flags: readonly Exclude<CommandFlag, "movablekeys">[];
  readonly keys?: KeySpecification | readonly KeySpecification[];
  /** Finds the positions of the keys, where they do not follow from `keys`. */
  readonly findKeys?: FindPositions | undefined;
  /** How the command treats the key at a position, where that depends on the other arguments. */
  readonly keyAccess?: ((args: Arguments, position: number) => KeyAccess) | undefined;
  /** Hints for proxies: how the command spreads over nodes, and whether its replies vary. */
  readonly tips?: readonly CommandTip[];
  /** Whether the argument is a password or the like. The slow log and MONITOR do not show secrets. */
  readonly isSecret?: ((args: Arguments, index: number) => boolean) | undefined;
  readonly insideMulti?: InsideMulti;
  /** The command begins or ends the watching of keys. On a ring, the node of the keys has to know. */
  readonly watching?: "begins" | "ends" | "ends with MULTI" | undefined;
  /**
   * It creates, replaces and removes whole values, or changes when they expire, and changes no element of a value. A
   * snapshot then need not have taken the values first, neither those that it replaces nor those that it reads.
   */
  readonly keepsElements?: true | undefined;
  /** It reads keys, although Redis gives it no flag that says so. */
  readonly readsKeyspace?: true | undefined;
  /** It selects the database of its connection. */
  readonly selectsDatabase?: true | undefined;
  /** A command of the connection that another node's session can run for its client. */
  readonly anyConnection?: true | undefined;
  /** It runs a script, whose text or SHA1 argument 1 is. */
  readonly script?: "text" | "digest" | undefined;
  /** A subcommand's arguments in HELP, where they differ from the syntax: "<pattern> [<pattern> ...]". */
  readonly usage?: string | undefined;
  /** Allowed while a RESP2 client has subscriptions. Such a client would take any other reply for a message. */
  readonly whileSubscribed?: true | undefined;
  /** The client gets messages from then on. */
  readonly subscribes?: true | undefined;
  /** Refused while changes cannot be kept, although it changes nothing: so those who watch the server notice. */
  readonly watchesServer?: true | undefined;
  /** ACL categories beyond those that follow from the flags and the group. */
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
  /** Every call is bounded and short, so that only a sample of the calls is timed. */
  readonly isBrief: boolean;
  readonly keySpecifications: readonly KeySpecification[];
  /** The keys at fixed places. */
  readonly keyRange: KeyRange | undefined;
  /** Finds all keys of a command, where the `keyRange` does not cover all of them. */
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
