import type { Environment } from "../environment.ts";
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
import type { ChangeLog, LogWord } from "./change-log.ts";
import type { Client, TimeoutReply } from "./client.ts";
import type { ClientChannel } from "./client-channel.ts";
import type { CommandDescription, CommandFacts } from "./command-facts.ts";
import type { CommandTable } from "./command-table.ts";
import type { Execution } from "./execution.ts";
import type { InfoBook } from "./info-book.ts";
import type { ObserverList } from "./observers/observer-list.ts";
import type { Observers } from "./observers/observers.ts";
import type { Refusal } from "./outcome.ts";
import type { ClusterPort, MemoryPressure, MigrationPort, PauseSwitch, ServerProcess, Storage } from "./ports.ts";
import type { PubSub } from "./pub-sub.ts";
import type { ReplyOutlet } from "./replies.ts";
import type { TurnClock } from "./turn-clock.ts";
import type { WatchedKeys } from "./watched-keys.ts";

// Commands, contexts and services know each other: a command runs in a context, a context offers the services, and
// some services run commands. The three stand in one file, so that no files import each other in a circle.

/** Handlers are synchronous, so that a script's redis.call is a plain call. */
export type Run = (context: Context, args: Arguments, reply: ReplyWriter) => void;

/** What an entry says of its command and needs a context for. */
interface CommandInContext {
  /** Whether these arguments may need more memory; commands with the flag "denyoom" always may. */
  readonly needsMemory?: ((context: Context, args: Arguments) => boolean) | undefined;
  /**
   * Whether it may be passed to replicas although it is no write: then CLIENT PAUSE WRITE holds it back. Scripts that
   * only read may not call it.
   */
  readonly mayReplicate?: ((context: Context, args: Arguments) => boolean) | undefined;
  readonly subcommands?: readonly Command[] | undefined;
  /** Missing only for a pure container. */
  readonly run?: Run | undefined;
}

/** The entry of one command. */
export interface CommandDefinition extends CommandDescription, CommandInContext {}

/** An entry, completed for the pipeline. */
export interface Command extends CommandFacts, CommandInContext {}

/** The way of a command from its name to its reply. */
export interface CommandRunner {
  /** Runs one request of a client: looked up, checked, queued or run, answered, logged. */
  process(context: Context, args: Arguments, reply: ReplyWriter): void;
  /** The command that the arguments name, with the right number of arguments. */
  resolve(args: Arguments): Command | Refusal;
  /** Runs a command that has passed its checks, answers its error, and logs what it changed. */
  call(context: Context, command: Command, args: Arguments, reply: ReplyWriter): void;
  /** Counts a command that was answered without `call`. */
  count(command: Command): void;
  /** Writes an error reply and counts it. */
  writeError(reply: ReplyWriter, message: string): void;
  /** Hands over what a command has published, and serves the clients whose keys it has changed. */
  deliverEffects(): void;
}

/** The clients of this server. */
export interface Clients {
  /** Clients of the network, by id. */
  readonly connected: ReadonlyMap<number, Context>;
  /** Sessions of other nodes' clients for which this node works. */
  readonly sessionCount: number;
  add(channel: ClientChannel): Context;
  /** A client of another node. It is removed like any other. */
  addSession(channel: ClientChannel): Context;
  /** A pseudo client, which is not listed. */
  addPseudo(kind: "script" | "loader"): Context;
  /** The client has disconnected. */
  remove(context: Context): void;
}

/** What a client asks a script to be run with. */
export interface EvalCall {
  readonly args: Arguments;
  readonly keyCount: number;
  /** It must not write: EVAL_RO. */
  readonly readOnly: boolean;
}

export interface Scripts {
  readonly engine: ScriptEngine;
  /** Runs a script with `keyCount` keys from argument 3 on. Its reply may come in a later turn. */
  run(caller: Context, script: Script, call: EvalCall, reply: ReplyWriter): void;
  /** SCRIPT KILL. Throws what it answers when there is nothing to kill, or it cannot be killed. */
  kill(): void;
}

/** What commands and the parts of a server find in it. All of it is built before the first request runs. */
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
}

/** What a command gets besides its arguments: the client that asks, its database, and the server's services. */
export class Context {
  readonly server: Services;
  readonly client: Client<Command>;
  readonly keyspace: Keyspace;
  database: Database;
  /** The command that runs. */
  command: Command | undefined;
  /** A blocked client's command is tried again: it must not be queued a second time. */
  retrying = false;
  /** What goes to the log instead of the request; an empty list for nothing. Cleared before each command. */
  logged: LogWord[][] | undefined;
  /** Arguments of the request that go to the log in another form. Cleared before each command. */
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

  select(number: number): void {
    this.client.database = number;
    this.database = this.keyspace.database(number);
  }

  /** Whether anybody reads the log: without, `logAs` and what it needs can be left out. */
  get logs(): boolean {
    return this.server.changes.isOn;
  }

  /**
   * Logs these words instead of the request: for commands whose effect depends on the moment or on chance (a relative
   * expiry, a generated id). Called again, it adds a further command.
   */
  logAs(...words: LogWord[]): void {
    (this.logged ??= []).push(words);
  }

  /**
   * Logs the request with argument `index` changed to bytes[start, end), which are copied. Called again, in the order
   * of the indexes, it changes further ones. For hot commands: it allocates nothing, as `logAs` does.
   */
  logReplacing(index: number, bytes: Uint8Array, start: number, end: number): void {
    this.replaced.add(index, bytes, start, end);
  }

  /** Logs nothing for this command, although it changed data (it has been logged by other means). */
  logNothing(): void {
    this.logged = [];
  }

  /**
   * Ends a unit of the log in the middle of a command that walks the database: the keys that expired meanwhile need not
   * be removed together. Transactions and scripts stay whole.
   */
  partLog(): void {
    const { changes, execution } = this.server;
    if (!changes.isOn || execution.inUnit) return;
    changes.endUnit();
    changes.beginUnit();
  }

  /** Whether the command may wait: not in a transaction or script. */
  get mayBlock(): boolean {
    return this.client.isReal && !this.server.execution.inUnit;
  }

  /**
   * Makes the client wait until one of the keys (argument numbers) changes; then the command runs again from the
   * start. After `timeoutMs` (0: never) the given reply is sent. Where waiting is not allowed nothing is done, and the
   * caller writes it at once.
   */
  blockOn(
    args: Arguments,
    keys: readonly number[],
    options: { readonly timeoutMs: number; readonly timeoutReply: TimeoutReply },
  ): "blocked" | "refused" {
    if (this.retrying) return "blocked";
    if (!this.mayBlock) return "refused";
    this.server.blocking.block(this, args, keys, options);
    return "blocked";
  }
}
