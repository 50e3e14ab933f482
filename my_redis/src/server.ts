import { BlockedClients } from "./dispatch/blocked-clients.ts";
import { Client, type ClientChannel } from "./dispatch/client.ts";
import { ClientPause } from "./dispatch/checks/client-pause.ts";
import { ClientTracking } from "./dispatch/observers/client-tracking.ts";
import type { CommandTable } from "./dispatch/command-table.ts";
import { Context } from "./dispatch/context.ts";
import {
  type Policy,
  refuseInTransaction,
  refuseWhileBusy,
  refuseWhileLoading,
  refuseWhileSubscribed,
  refuseWithoutLog,
  requireAuthentication,
} from "./dispatch/checks/policies.ts";
import { holdBackReply } from "./dispatch/reply-mode.ts";
import { CommandProcessor } from "./dispatch/processor.ts";
import { KeyspaceNotifications } from "./dispatch/observers/keyspace-notifications.ts";
import { MemoryLimit } from "./dispatch/checks/memory-limit.ts";
import { Monitors } from "./dispatch/observers/monitors.ts";
import { NoTouch } from "./dispatch/observers/no-touch.ts";
import { PubSub } from "./dispatch/pub-sub.ts";
import { WatchedKeys } from "./dispatch/watched-keys.ts";
import type { Environment } from "./environment.ts";
import { ActiveExpiry } from "./keyspace/active-expiry.ts";
import { Keyspace } from "./keyspace/keyspace.ts";
import type { ObservedDatabase } from "./keyspace/keyspace-observer.ts";
import type { AppendOnlyLog } from "./persistence/aof/append-only-log.ts";
import type { ClusterNode } from "./cluster/cluster-node.ts";
import type { RequestRouter } from "./dispatch/request-router.ts";
import type { CommandLog } from "./persistence/aof/command-log.ts";
import type { SaveAtEnd, Snapshots } from "./persistence/snapshot/snapshots.ts";
import { LatencyMonitor } from "./dispatch/observers/latency-monitor.ts";
import type { Migrations } from "./migration/migrations.ts";
import { latin1Text } from "./protocol/arguments.ts";
import { ReplyWriter } from "./protocol/reply-writer.ts";
import type { Settings } from "./settings/settings.ts";
import { SlowLog } from "./dispatch/observers/slow-log.ts";
import { Statistics } from "./dispatch/observers/statistics.ts";
import { Throughput } from "./throughput.ts";

/** What `serveBlocked` writes to clients out of turn. */
export interface OutOfTurnReplies {
  /** Calls `write` with the writer to which the client's reply belongs. */
  to(client: Client, write: (reply: ReplyWriter) => void): void;
  /** The same for bytes[start, end) that are replies already. */
  raw(client: Client, bytes: Uint8Array, start: number, end: number): void;
}

/** Name and value of one line of INFO. */
export type InfoLine = readonly [name: string, value: string | number];

/** One node: its data, its clients and the services that commands use. Knows no sockets. */
export class Server {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly commands: CommandTable;
  readonly keyspace: Keyspace;
  readonly processor: CommandProcessor;
  readonly watched = new WatchedKeys();
  readonly blocking: BlockedClients;
  readonly notifications: KeyspaceNotifications;
  readonly pubSub: PubSub;
  readonly clients = new Map<number, Context>();
  readonly policies: Policy[] = [
    requireAuthentication,
    refuseWhileSubscribed,
    refuseWhileLoading,
    refuseWhileBusy,
    refuseInTransaction,
    refuseWithoutLog,
  ];
  /** Those that are about this node's own data, and not for requests that another node carries out. */
  readonly dataPolicies = new Set<Policy>([refuseWithoutLog]);
  /** Those of the policies that are for requests as they arrive, and not once more for what EXEC runs. */
  readonly arrivalPolicies = new Set<Policy>([refuseWhileSubscribed]);
  readonly pause: ClientPause;
  readonly memoryLimit: MemoryLimit;
  readonly noTouch: NoTouch;
  readonly monitors: Monitors;
  readonly tracking: ClientTracking;
  readonly activeExpiry: ActiveExpiry;
  readonly runId: string;
  readonly startedAtMs: number;
  readonly statistics = new Statistics();
  readonly throughput: Throughput;
  readonly slowLog: SlowLog;
  readonly latency: LatencyMonitor;
  /** The ring of nodes that this one belongs to. */
  cluster: ClusterNode | undefined;
  /** Decides where requests run, in a ring of nodes. */
  router: RequestRouter | undefined;
  /** Whether a blocked client has to wait on, although one of his keys has changed: another of them is locked. */
  mayNotRetry: ((context: Context) => boolean) | undefined;
  /** Clients of other nodes for whom this one works. */
  relayedClients = 0;
  /** Set once commands are to be logged. */
  log: CommandLog | undefined;
  /** Undefined where everything stays in memory. */
  appendOnlyLog: AppendOnlyLog | undefined;
  snapshots: Snapshots | undefined;
  /** Undefined without a network. */
  migrations: Migrations | undefined;
  /** Why writes are refused because the log cannot be written, as an error reply. */
  logFailure: string | undefined;
  /**
   * Ends the server: set by who started it. False when the snapshot that is wanted cannot be written; then the server
   * goes on, unless it is forced.
   */
  requestShutdown: (wanted: SaveAtEnd, force: boolean) => boolean = () => true;
  loading = false;
  busyScript = false;
  /** EXEC or a script runs: nothing may block, and all is one unit of the log. */
  executingTransaction = false;
  /** Scripts may call commands with the flag "noscript", too: DEBUG says so, for tests. */
  scriptsMayCallAll = false;
  /** The clock of the turn, Unix milliseconds. */
  nowMs: number;
  outOfTurn: OutOfTurnReplies = discardReplies;
  #nextClientId = 1;
  readonly #furtherInfo = new Map<string, () => readonly InfoLine[]>();

  constructor(settings: Settings, environment: Environment, commands: CommandTable) {
    this.settings = settings;
    this.environment = environment;
    this.commands = commands;
    this.nowMs = environment.nowMs();
    this.startedAtMs = this.nowMs;
    this.runId = environment.runId();
    this.slowLog = new SlowLog(settings);
    this.latency = new LatencyMonitor(settings);
    this.throughput = new Throughput(environment.monotonicMs());
    this.keyspace = new Keyspace({
      databases: settings.values.databases,
      environment: { nowMs: () => this.nowMs, random: environment.random, hashKeys: environment.hashKeys() },
      limits: settings.values,
    });
    this.keyspace.onExpired = (database, key, start, end) => this.#logRemoved(database, key, start, end);
    this.keyspace.onEvicted = (database, key, start, end) => this.#logRemoved(database, key, start, end);
    this.keyspace.onFieldsExpired = (database, key, fields) => {
      this.log?.append(database, ["HDEL", key, ...fields]);
    };
    this.keyspace.observer = {
      keyChanged: (database, key, start, end, event) => this.#keyChanged(database, key, start, end, event),
      databaseChanged: (database, replacement) => this.#databaseChanged(database, replacement),
    };
    settings.onChange("requirepass", () => this.#passwordChanged());
    this.processor = new CommandProcessor(this);
    this.pause = new ClientPause(this);
    this.memoryLimit = new MemoryLimit(this);
    this.noTouch = new NoTouch(this);
    this.monitors = new Monitors(this);
    this.tracking = new ClientTracking(this);
    this.activeExpiry = new ActiveExpiry(this.keyspace);
    this.blocking = new BlockedClients(
      {
        retry: (context) => this.#retryBlocked(context),
        exists: (database, key) => this.#exists(database, key),
        replyTimeout: (context) => this.#replyTimeout(context),
        replyError: (context, message) =>
          this.answer(context.client, (reply) => this.processor.writeError(reply, message)),
      },
      () => this.updateObservation(),
    );
    this.pubSub = new PubSub({
      push: (client, message) => this.outOfTurn.to(client, (reply) => reply.raw(message)),
      get maxQueuedBytes() {
        return settings.values["client-output-buffer-limit"].pubsub.hardBytes;
      },
    });
    this.notifications = new KeyspaceNotifications(settings, this.pubSub, () => this.updateObservation());
    this.updateObservation();
  }

  /** Without a password everybody is welcome, those too who had not given one. Who is in stays in. */
  #passwordChanged(): void {
    if (this.settings.values.requirepass !== "") return;
    for (const { client } of this.clients.values()) client.authenticated = true;
  }

  /** Reads the clock: once a turn, and after a command that may have taken long. */
  updateClock(): void {
    this.nowMs = this.environment.nowMs();
  }

  addClient(channel: ClientChannel, kind: Client["kind"] = "normal"): Context {
    const client = new Client(this.#nextClientId++, channel, this.nowMs, kind);
    client.authenticated = kind !== "normal" || this.settings.values.requirepass === "";
    const context = new Context(this, client);
    if (kind === "normal") this.clients.set(client.id, context);
    return context;
  }

  removeClient(context: Context): void {
    this.blocking.forget(context);
    this.pause.forget(context);
    this.noTouch.forget(context.client);
    this.monitors.forget(context.client);
    this.tracking.end(context.client);
    this.watched.unwatch(context.client);
    this.pubSub.forget(context.client);
    this.clients.delete(context.client.id);
    context.client.gone = true;
    context.client.relaying?.end();
    this.updateObservation();
  }

  /** The client's next transaction depends on no key. */
  unwatch(client: Client): void {
    if (client.watched.length === 0 && !client.watchBroken) return;
    this.watched.unwatch(client);
    this.updateObservation();
  }

  /** To be called when somebody begins or ends to watch, block or listen. */
  updateObservation(): void {
    const { blocking, keyspace, notifications, tracking, watched } = this;
    keyspace.observed = watched.count > 0 || blocking.count > 0 || notifications.areOn || tracking.clientCount > 0;
    this.keyspace.onMissed = this.notifications.wants("m") ? this.#notifyMiss : undefined;
    this.keyspace.onCreated = this.notifications.wants("n") ? this.#notifyCreated : undefined;
  }

  serveBlocked(): void {
    // What a script has done so far is seen by nobody before it has ended.
    if (!this.busyScript) this.blocking.serve();
  }

  /** Adds lines to a section of INFO: what a part of the server that is not always there has to tell. */
  addInfo(section: string, lines: () => readonly InfoLine[]): void {
    const before = this.#furtherInfo.get(section);
    this.#furtherInfo.set(section, before === undefined ? lines : () => [...before(), ...lines()]);
  }

  furtherInfo(section: string): readonly InfoLine[] {
    return this.#furtherInfo.get(section)?.() ?? [];
  }

  /** Starts all counters from zero again. */
  resetStatistics(): void {
    this.statistics.reset();
    this.keyspace.resetStatistics();
    this.memoryLimit.resetStatistics();
    this.commands.resetStatistics();
  }

  #keyChanged(database: number, key: Uint8Array, start: number, end: number, event: string): void {
    if (this.notifications.areOn) this.notifications.notify(database, key, start, end, event);
    const name = latin1Text(key, start, end);
    this.tracking.keyChanged(name, event);
    this.watched.keyChanged(database, name);
    this.blocking.keyChanged(database, name);
  }

  #databaseChanged(database: ObservedDatabase, replacement: ObservedDatabase | undefined): void {
    // The watch of a key that is neither there before nor after the change stays whole. One that comes although its
    // time is over is none: looking for it removes it.
    this.watched.databaseChanged(database.number, (name) => {
      const key = Buffer.from(name, "latin1");
      const hash = this.keyspace.hasher.hash(key, 0, key.length);
      if (database.keys.find(hash, key, 0, key.length) !== 0) return true;
      return replacement !== undefined && replacement.find(key, 0, key.length) !== 0;
    });
    this.blocking.databaseChanged(database.number);
    if (replacement === undefined) this.tracking.flushed();
  }

  readonly #notifyMiss = (database: number, key: Uint8Array, start: number, end: number): void =>
    this.notifications.notify(database, key, start, end, "keymiss");

  readonly #notifyCreated = (database: number, key: Uint8Array, start: number, end: number): void =>
    this.notifications.notify(database, key, start, end, "new");

  #exists(database: number, name: string): boolean {
    const { keys } = this.keyspace.database(database);
    const key = Buffer.from(name, "latin1");
    return keys.find(this.keyspace.hasher.hash(key, 0, key.length), key, 0, key.length) !== 0;
  }

  #logRemoved(database: number, key: Uint8Array, start: number, end: number): void {
    this.log?.append(database, ["DEL", key.subarray(start, end)]);
  }

  /** Writes a reply to a client when it is not his turn. */
  answer(client: Client, write: (reply: ReplyWriter) => void): void {
    this.outOfTurn.to(client, (reply) => {
      const start = reply.length;
      write(reply);
      holdBackReply(client, reply, start);
    });
  }

  #retryBlocked(context: Context): boolean {
    const blocked = context.client.blocked;
    if (blocked === undefined || this.mayNotRetry?.(context) === true) return false;
    let answered = false;
    const database = context.client.database;
    this.answer(context.client, (reply) => {
      const before = reply.length;
      reply.protocol = context.client.protocol;
      context.select(blocked.database);
      context.retrying = true;
      this.log?.beginUnit();
      this.processor.call(context, blocked.command, blocked.args, reply);
      this.log?.endUnit();
      context.retrying = false;
      context.select(database);
      answered = reply.length > before;
    });
    return answered;
  }

  #replyTimeout(context: Context): void {
    const { blocked } = context.client;
    if (blocked === undefined) return;
    this.answer(context.client, (reply) => {
      reply.protocol = context.client.protocol;
      if (blocked.timeoutReply === "nullArray") reply.nullArray();
      else if (blocked.timeoutReply === "zero") reply.integer(0);
      else reply.null();
    });
    this.processor.count(blocked.command);
  }
}

const scratch = new ReplyWriter();
/** Replies of a server without a network. */
const discardReplies: OutOfTurnReplies = {
  to(_client, write) {
    scratch.clear();
    write(scratch);
  },
  raw() {},
};
