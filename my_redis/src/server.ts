import { blockedRunner } from "./dispatch/blocked-runner.ts";
import { BlockedClients } from "./dispatch/blocked-clients.ts";
import { ChangeLog } from "./dispatch/change-log.ts";
import { authentication } from "./dispatch/checks/authentication.ts";
import { CheckList } from "./dispatch/checks/check-list.ts";
import { type CommandHook, installCommandHook } from "./dispatch/checks/command-hook.ts";
import { ClientPause } from "./dispatch/checks/client-pause.ts";
import { connection, monitor } from "./dispatch/checks/connection-checks.ts";
import { MemoryLimit } from "./dispatch/checks/memory-limit.ts";
import { busyScript, loading, writtenLog } from "./dispatch/checks/server-state-checks.ts";
import { ClientRegistry } from "./dispatch/client-registry.ts";
import type { CommandTable } from "./dispatch/command-table.ts";
import type { Command, Context, Services } from "./dispatch/context.ts";
import { Execution } from "./dispatch/execution.ts";
import { HeldRequests } from "./dispatch/held-requests.ts";
import { InfoBook } from "./dispatch/info-book.ts";
import { CallTimer } from "./dispatch/observers/call-timer.ts";
import { ClientTracking } from "./dispatch/observers/client-tracking.ts";
import { KeyspaceNotifications } from "./dispatch/observers/keyspace-notifications.ts";
import { KeyspaceObservation } from "./dispatch/observers/keyspace-observation.ts";
import { LatencyMonitor } from "./dispatch/observers/latency-monitor.ts";
import { Monitors } from "./dispatch/observers/monitors.ts";
import { NoTouch } from "./dispatch/observers/no-touch.ts";
import { ObserverList } from "./dispatch/observers/observer-list.ts";
import type { Observers } from "./dispatch/observers/observers.ts";
import { SlowLog } from "./dispatch/observers/slow-log.ts";
import { Statistics } from "./dispatch/observers/statistics.ts";
import { Throughput } from "./dispatch/observers/throughput.ts";
import type {
  ClusterPort,
  MigrationPort,
  ReplicationPort,
  ServerProcess,
  ShutdownPort,
  Storage,
} from "./dispatch/ports.ts";
import { CommandProcessor } from "./dispatch/processor.ts";
import { PubSub } from "./dispatch/pub-sub.ts";
import { noReplies, type ReplyOutlet } from "./dispatch/replies.ts";
import { TurnClock } from "./dispatch/turn-clock.ts";
import { WatchedKeys } from "./dispatch/watched-keys.ts";
import type { Environment } from "./environment.ts";
import { ActiveExpiry } from "./keyspace/active-expiry.ts";
import { Keyspace } from "./keyspace/keyspace.ts";
import { ScriptRunner } from "./scripting/script-runner.ts";
import type { Settings } from "./settings/settings.ts";

/** Parts that are built on the services of a server: they know sockets, files and other nodes. */
export interface OuterParts {
  readonly storage?: Storage | undefined;
  readonly cluster?: ClusterPort | undefined;
  readonly migrations?: MigrationPort | undefined;
  readonly replication?: ReplicationPort | undefined;
}

export interface ServerOptions<Parts extends OuterParts> {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly commands: CommandTable<Command>;
  /** Builds the outer parts. All other services exist already. */
  readonly parts: (services: Services) => Parts;
  // Parts that the network shares with the server; created here when they are missing.
  readonly changes?: ChangeLog;
  readonly clock?: TurnClock;
  readonly statistics?: Statistics;
  /** Without a network no client is answered outside of its own request. */
  readonly replies?: ReplyOutlet;
  readonly shutdown?: ShutdownPort;
  readonly onCommand?: CommandHook | undefined;
}

/** One node: its data, its clients, and the services that commands use. Everything is built here; nothing is set later. */
export class Server<Parts extends OuterParts = OuterParts> implements Services {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly process: ServerProcess;
  readonly clock: TurnClock;
  readonly execution = new Execution();
  readonly commands: CommandTable<Command>;
  readonly processor: CommandProcessor;
  readonly checks = new CheckList<Context, Command>();
  readonly pause: ClientPause;
  readonly memoryLimit: MemoryLimit;
  readonly observers: Observers;
  readonly observerList = new ObserverList<Command>();
  readonly keyspace: Keyspace;
  readonly activeExpiry: ActiveExpiry;
  readonly changes: ChangeLog;
  readonly clients: ClientRegistry;
  readonly replies: ReplyOutlet;
  readonly watched: WatchedKeys;
  readonly blocking: BlockedClients<Context>;
  readonly pubSub: PubSub;
  readonly info = new InfoBook();
  readonly scripts: ScriptRunner;
  readonly parts: Parts;

  constructor(options: ServerOptions<Parts>) {
    const { settings, environment } = options;
    this.settings = settings;
    this.environment = environment;
    this.commands = options.commands;
    this.clock = options.clock ?? new TurnClock(environment);
    this.changes = options.changes ?? new ChangeLog();
    this.replies = options.replies ?? noReplies;
    this.process = {
      runId: environment.runId(),
      startedAtMs: this.clock.nowMs,
      startedAtMonotonicMs: this.clock.monotonicMs,
      shutdown: options.shutdown ?? { request: () => "ends", abort: () => false, leftMs: undefined },
    };
    const { clock } = this;
    this.keyspace = new Keyspace({
      databases: settings.values.databases,
      environment: {
        nowMs: () => clock.nowMs,
        steadyMs: () => clock.steadyMs,
        random: environment.random,
        hashKeys: environment.hashKeys(),
      },
      limits: settings.values,
    });
    this.activeExpiry = new ActiveExpiry(this.keyspace);
    const observe = (): void => observation.update();
    this.watched = new WatchedKeys((database, name) => {
      const key = Buffer.from(name, "latin1");
      return this.keyspace.database(database).presenceOf(key, 0, key.length);
    }, observe);
    this.blocking = new BlockedClients<Context>(blockedRunner, observe, () => !this.execution.scriptIsPaused);
    this.pubSub = new PubSub({
      replies: this.replies,
      maxQueuedBytes: () => settings.values["client-output-buffer-limit"].pubsub.hardBytes,
    });
    this.observers = this.#makeObservers(options.statistics ?? new Statistics(), observe);
    const notifications = new KeyspaceNotifications(settings, this.pubSub, observe);
    const observation = new KeyspaceObservation({
      keyspace: this.keyspace,
      changes: this.changes,
      watched: this.watched,
      blocking: this.blocking,
      notifications,
      tracking: this.observers.tracking,
    });
    this.processor = this.#makeProcessor();
    this.clients = new ClientRegistry(this);
    this.pause = new ClientPause({
      checks: this.checks,
      requests: new HeldRequests(this, { countsAsBlocked: true }),
      environment,
    });
    this.memoryLimit = this.#makeMemoryLimit();
    this.#installChecks(options.onCommand);
    this.scripts = new ScriptRunner(this);
    this.parts = options.parts(this);
  }

  get storage(): Storage | undefined {
    return this.parts.storage;
  }

  get cluster(): ClusterPort | undefined {
    return this.parts.cluster;
  }

  get migrations(): MigrationPort | undefined {
    return this.parts.migrations;
  }

  get replication(): ReplicationPort | undefined {
    return this.parts.replication;
  }

  #makeObservers(statistics: Statistics, onSwitch: () => void): Observers {
    const { checks, environment, keyspace, observerList: observers, pubSub, replies, settings } = this;
    return {
      monitors: new Monitors({
        settings,
        observers,
        replies,
        nowMs: environment.nowMs,
        begin: () => checks.install(monitor, "arrival"),
      }),
      tracking: new ClientTracking({
        settings,
        observers,
        pubSub,
        onSwitch,
        clientById: (id) => this.clients.connected.get(id)?.client,
        changeCount: () => keyspace.dirty,
      }),
      noTouch: new NoTouch(observers, keyspace.accessClock),
      slowLog: new SlowLog(settings),
      latency: new LatencyMonitor(settings),
      statistics,
      throughput: new Throughput(environment.monotonicMs()),
    };
  }

  #makeProcessor(): CommandProcessor {
    const { blocking, changes, checks, clock, commands, environment, keyspace, pubSub, settings } = this;
    const { latency, slowLog, statistics } = this.observers;
    return new CommandProcessor({
      blocking,
      changes,
      checks,
      commands,
      environment,
      keyspace,
      pubSub,
      settings,
      statistics,
      observers: this.observerList,
      timer: new CallTimer({ settings, clock, slowLog, latency }),
      watched: this.watched,
    });
  }

  #makeMemoryLimit(): MemoryLimit {
    const { checks, clock, environment, execution, keyspace, pause, pubSub, settings } = this;
    const { latency } = this.observers;
    return new MemoryLimit({ checks, clock, environment, execution, keyspace, latency, pause, pubSub, settings });
  }

  #installChecks(onCommand: CommandHook | undefined): void {
    const { changes, checks, execution } = this;
    checks.install(authentication, "rights");
    checks.install(connection, "arrival");
    checks.install(loading(execution), "arrival");
    checks.install(busyScript(execution), "arrival");
    checks.install(
      writtenLog(changes, () => this.storage?.snapshots.refusal),
      "data",
    );
    if (onCommand !== undefined) installCommandHook(checks, new HeldRequests(this), onCommand);
  }
}
