import type { Environment } from "../environment.ts";
import type { Operation } from "../collections/working-copies.ts";
import type { ActiveExpiry } from "../keyspace/active-expiry.ts";
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import type { ScriptEngine } from "../scripting/script-engine.ts";
import type { Script } from "../scripting/script-cache.ts";
import type { Settings } from "../settings/settings.ts";
import { ArgumentReplacements } from "./argument-replacements.ts";
import type { BlockedClients } from "./blocked-clients.ts";
import type { CheckList } from "./checks/check-list.ts";
import type { ChangeLog } from "./change-log.ts";
import type { LogWord } from "./log-target.ts";
import type { BlockOptions, Client } from "./client.ts";
import type { ClientChannel } from "./client-channel.ts";
import type { CommandDescription, CommandFacts } from "./command-facts.ts";
import type { CommandTable } from "./command-table.ts";
import type { Execution } from "./execution.ts";
import type { InfoBook } from "./info-book.ts";
import type { ObserverList } from "./observers/observer-list.ts";
import type { Observers } from "./observers/observers.ts";
import type { Refusal, Verdict } from "./outcome.ts";
import type {
  ClusterPort,
  MemoryPressure,
  MigrationPort,
  PauseSwitch,
  ReplicationPort,
  ServerProcess,
  Storage,
  StuckService,
} from "./ports.ts";
import type { PubSub } from "./pub-sub.ts";
import type { ReplyOutlet } from "./replies.ts";
import type { TurnClock } from "./turn-clock.ts";
import type { WatchedKeys } from "./watched-keys.ts";

// Commands, contexts and services depend on each other: a command runs in a context, a context offers the services, and
// some services run commands. They stand in one file so that no files import each other in a circle.

/** Handlers are synchronous, so that a script's redis.call is a plain call. */
export type Run = (context: Context, args: Arguments, reply: ReplyWriter) => void;

/**
 * What `run` does, without a reply and for a request of a log that is being loaded. `keyHash`: the hash of argument 1, a
 * key. False for what is rare: then nothing has changed, and `run` does it.
 */
export type Load = (context: Context, args: Arguments, keyHash: number) => boolean;

/** The part of a command's entry that needs a context. */
interface CommandInContext {
  /** Whether these arguments may need more memory. Commands with the flag "denyoom" always may. */
  readonly needsMemory?: ((context: Context, args: Arguments) => boolean) | undefined;
  /**
   * Whether the command may be replicated although it is no write. CLIENT PAUSE WRITE holds such commands back, and
   * read-only scripts may not call them.
   */
  readonly mayReplicate?: ((context: Context, args: Arguments) => boolean) | undefined;
  /** Whether the client may use the command at all, whatever its arguments are. */
  readonly permission?: ((context: Context) => Verdict) | undefined;
  readonly subcommands?: readonly Command[] | undefined;
  /** Missing only for a pure container. */
  readonly run?: Run | undefined;
  /** A shorter way for the commonest requests of a log: see docs/decisions/0081. */
  readonly load?: Load | undefined;
  /** What working copies do for most requests of a log; see collections/working-copies.ts. */
  readonly loadOperation?: Operation | undefined;
}

/** The entry of one command. */
export interface CommandDefinition extends CommandDescription, CommandInContext {}

/** An entry, completed for the pipeline. */
export interface Command extends CommandFacts, CommandInContext {}

/** How a command gets from its name to its reply. */
export interface CommandRunner {
  /** Runs one request of a client: looks it up, checks it, queues or runs it, answers it and logs it. */
  process(context: Context, args: Arguments, reply: ReplyWriter): void;
  /**
   * As `process`, within the command of another client: what the request means for other clients is delivered later.
   * Returns whether there is anything to deliver.
   */
  processWithin(context: Context, args: Arguments, reply: ReplyWriter): boolean;
  /** Answers a request that has waited and will not run, as `process` does when a check refuses it. */
  refuse(context: Context, args: Arguments, message: string, reply: ReplyWriter): void;
  /** Finds the command that the arguments name, and checks the number of arguments. */
  resolve(args: Arguments): Command | Refusal;
  /** Runs a command that has passed its checks, writes its error if it fails, and logs its changes. */
  call(context: Context, command: Command, args: Arguments, reply: ReplyWriter): void;
  /**
   * As `call`, for a request of a log that is being loaded: as in redis-server, it is not counted, timed, shown to observers,
   * or logged. `keyHash`: the hash of argument 1, if it is a key and the command has a shorter way.
   */
  load(context: Context, command: Command, args: Arguments, reply: ReplyWriter, keyHash?: number): void;
  /** Counts a command that was answered without `call`. */
  count(command: Command): void;
  /** Counts a blocked command that CLIENT UNBLOCK ends: as failed, with or without an error, as redis-server does. */
  countUnblocked(context: Context): void;
  /** Writes an error reply and counts it. */
  writeError(reply: ReplyWriter, message: string): void;
  /**
   * Delivers the messages that a command has published, and serves the clients that wait for the keys it has changed.
   */
  deliverEffects(): void;
}

/** The clients of this server. */
export interface Clients {
  /** Clients of the network, by id. */
  readonly connected: ReadonlyMap<number, Context>;
  /** Clients of other nodes, for which this node carries out commands. */
  readonly sessionCount: number;
  /** Clients of the network and of other nodes whose request waits before it runs. */
  readonly postponedCount: number;
  add(channel: ClientChannel): Context;
  /** Adds a client of another node. It is removed like any other. */
  addSession(channel: ClientChannel): Context;
  /** Adds the primary that this server follows. */
  addPrimary(channel: ClientChannel): Context;
  /** Adds a pseudo client, which is not listed. */
  addPseudo(kind: "script" | "loader"): Context;
  /** Called when the client has disconnected. */
  remove(context: Context): void;
}

/** How a client asked for a script to be run. */
export interface EvalCall {
  readonly args: Arguments;
  readonly keyCount: number;
  /** The script must not write: EVAL_RO. */
  readonly readOnly: boolean;
}

export interface Scripts {
  readonly engine: ScriptEngine;
  /** Runs a script with `keyCount` keys from argument 3 on. The reply may come in a later turn. */
  run(caller: Context, script: Script, call: EvalCall, reply: ReplyWriter): void;
  /** SCRIPT KILL. Throws the error reply when no script runs, or when it cannot be killed. */
  kill(): void;
  /** The server ends without saving: a script that cannot be paused is ended, and what it has written is not logged. */
  giveUp(): void;
  /** From now on clients are served by `service` while a script cannot be paused. */
  serveWhileStuck(service: StuckService): void;
}

/** The parts of a server that commands and other parts use. All of it is built before the first request runs. */
export interface Services {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly process: ServerProcess;
  readonly clock: TurnClock;
  readonly execution: Execution;
  readonly commands: CommandTable<Command>;
  readonly processor: CommandRunner;
  readonly checks: CheckList<Context, Command>;
  readonly pause: PauseSwitch;
  readonly memoryLimit: MemoryPressure;
  readonly observers: Observers;
  readonly observerList: ObserverList<Command>;
  readonly keyspace: Keyspace;
  readonly activeExpiry: ActiveExpiry;
  readonly changes: ChangeLog;
  readonly clients: Clients;
  readonly replies: ReplyOutlet;
  readonly watched: WatchedKeys;
  readonly blocking: BlockedClients<Context>;
  readonly pubSub: PubSub;
  readonly info: InfoBook;
  readonly scripts: Scripts;
  /** Undefined where everything stays in memory. */
  readonly storage: Storage | undefined;
  /** The ring of nodes that this one has joined. */
  readonly cluster: ClusterPort | undefined;
  /** Undefined without a network. */
  readonly migrations: MigrationPort | undefined;
  /** Undefined without a network. */
  readonly replication: ReplicationPort | undefined;
}

/** The input of a command besides its arguments: its client, the selected database, and the server's services. */
export class Context {
  readonly server: Services;
  readonly client: Client<Command>;
  readonly keyspace: Keyspace;
  database: Database;
  /** The command that is running. */
  command: Command | undefined;
  /** A blocked client's command runs again, so that it must not be queued a second time. */
  retrying = false;
  /** Commands that are logged instead of the request; an empty list logs nothing. Cleared before each command. */
  logged: LogWord[][] | undefined;
  /** Arguments of the request that are logged in another form. Cleared before each command. */
  readonly replaced = new ArgumentReplacements();

  constructor(server: Services, client: Client<Command>) {
    this.server = server;
    this.client = client;
    this.keyspace = server.keyspace;
    this.database = server.keyspace.database(client.database);
  }

  /** Now, Unix milliseconds; the same throughout one command. */
  get now(): number {
    return this.server.clock.nowMs;
  }

  /** Now, by the clock for durations; the same throughout one command. */
  get monotonicMs(): number {
    return this.server.clock.monotonicMs;
  }

  select(number: number): void {
    this.client.database = number;
    this.database = this.keyspace.database(number);
  }

  /** Whether a log is attached. Without one, `logAs` and the work for its words can be left out. */
  get logs(): boolean {
    return this.server.changes.isOn;
  }

  /**
   * Logs these words instead of the request. For commands whose effect depends on the time or on chance (a relative
   * expiry, a generated id). Each further call adds another command.
   */
  logAs(...words: LogWord[]): void {
    (this.logged ??= []).push(words);
  }

  /**
   * Logs the request with argument `index` replaced by bytes[start, end), which are copied. Further calls, in ascending
   * order of the indexes, replace further arguments. For hot commands: unlike `logAs` it allocates nothing.
   */
  logReplacing(index: number, bytes: Uint8Array, start: number, end: number): void {
    this.replaced.add(index, bytes, start, end);
  }

  /** Logs nothing for this command, although it changed data (it has been logged by other means). */
  logNothing(): void {
    this.logged = [];
  }

  /**
   * Ends a unit of the log in the middle of a command that walks the database: keys that expired meanwhile need not be
   * removed together. Transactions and scripts stay one unit.
   */
  partLog(): void {
    const { changes, execution } = this.server;
    if (!changes.isOn || execution.inUnit) return;
    changes.endUnit();
    changes.beginUnit();
  }

  /** Whether the command may block its client: not in a transaction or script. */
  get mayBlock(): boolean {
    return this.client.isReal && !this.server.execution.inUnit;
  }

  /**
   * Blocks the client until one of the keys (given as argument numbers) changes; then the command runs again from the
   * start. After `timeoutMs` (0: never) the given reply is sent. Where blocking is not allowed nothing happens, and the
   * caller writes that reply at once.
   */
  blockOn(args: Arguments, keys: readonly number[], options: BlockOptions): "blocked" | "refused" {
    if (this.retrying) return "blocked";
    if (!this.mayBlock) return "refused";
    this.server.blocking.block(this, args, keys, options);
    return "blocked";
  }
}
