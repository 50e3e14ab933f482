import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type CommandHook, installCommandHook } from "./dispatch/checks/command-hook.ts";
import type { Connect, Listen } from "./network/transport.ts";
import { CommandTable } from "./dispatch/command-table.ts";
import { allCommands } from "./commands/index.ts";
import { Cron } from "./cron.ts";
import { type Environment, systemEnvironment } from "./environment.ts";
import { joinCluster } from "./cluster/join-cluster.ts";
import { Migrations } from "./migration/migrations.ts";
import { connectWithBun, listenWithBun } from "./network/bun-transport.ts";
import { listenOnAddresses } from "./network/listen-on-addresses.ts";
import { NetworkServer } from "./network/network-server.ts";
import { connectWithNode, listenWithNode } from "./network/node-transport.ts";
import { AppendOnlyLog } from "./persistence/aof/append-only-log.ts";
import { type SaveAtEnd, Snapshots } from "./persistence/snapshot/snapshots.ts";
import { Server } from "./server.ts";
import { DirectiveError } from "./settings/directive.ts";
import { type GivenDirectives, Settings } from "./settings/settings.ts";

/** What a server is started with besides its directives. */
export interface StartExtras {
  /** Keeps everything in memory: no file is read or written, whatever the directives say. */
  readonly memory?: boolean | undefined;
  /** Clock, chance and messages of the caller's own; what is left out is the real world's, and silence. */
  readonly environment?: Partial<Environment> | undefined;
  /** Whose sockets are used: Bun's, which are faster, where there is Bun; else Node's. */
  readonly transport?: "bun" | "node" | undefined;
  /** Sees every command of every client before it runs, and may answer it with an error or delay it: for tests. */
  readonly onCommand?: CommandHook | undefined;
  /**
   * Whether the open server keeps the process from ending. False without it: a test that forgot `close` must be able to
   * end. Set it in a program that has nothing else to do than to serve.
   */
  readonly keepProcessAlive?: boolean | undefined;
}

/**
 * What an embedding program may choose: any directive by its name in redis.conf, as a value of its type or as the
 * text that would stand in redis.conf ("64mb"), and what is no directive.
 */
export interface StartOptions extends GivenDirectives, StartExtras {}

/** A server that runs in this process. `await using` closes it at the end of the block. */
export interface RunningServer extends AsyncDisposable {
  /** The port that was taken: a free one if port 0 was asked for. */
  readonly port: number;
  /** The first address that is listened on. */
  readonly host: string;
  /** Where a client of this machine connects: "redis://127.0.0.1:6379". Holds no password. */
  readonly url: string;
  /** Accepts no more connections, finishes what has been asked, and resolves when all is closed and on disk. */
  close(): Promise<void>;
  /** Resolves when the server is closed, by `close` or by SHUTDOWN. */
  readonly closed: Promise<void>;
}

/** A running server, and what the code of this package and its tests reach inside of it. Not public. */
export interface OpenServer extends RunningServer {
  readonly server: Server;
}

/** Clients get this long to take their last replies. */
const closeGraceMs = 1000;

/**
 * Starts a server in this process, on Bun or on Node.
 *
 *     const redis = await startServer({ port: 0, memory: true, requirepass: "secret" });
 *     // ... connect to redis.port ...
 *     await redis.close();
 *
 * Rejects with DirectiveError when a directive has no such value, with ListenError when the address cannot be used.
 */
export async function startServer(options: StartOptions = {}): Promise<RunningServer> {
  const { server: _server, ...running } = await startOpenServer(options);
  return running;
}

/** As `startServer`, and shows the inside. */
export async function startOpenServer(options: StartOptions = {}): Promise<OpenServer> {
  const { memory, environment, transport, onCommand, keepProcessAlive, ...directives } = options;
  return startWithSettings(new Settings(directives), { memory, environment, transport, onCommand, keepProcessAlive });
}

/** As `startOpenServer`, with settings that have been read already. */
export async function startWithSettings(settings: Settings, extras: StartExtras = {}): Promise<OpenServer> {
  const { values } = settings;
  const memory = extras.memory === true;
  if (memory) values.appendonly = false;
  values.dir = existingFolder(values.dir, `dir '${values.dir}': `);
  const environment = { ...systemEnvironment(() => {}), ...extras.environment };
  const server = new Server(settings, environment, new CommandTable(allCommands));
  if (extras.onCommand !== undefined) installCommandHook(server, extras.onCommand);
  settings.onChange("dir", () => {
    values.dir = existingFolder(values.dir);
  });
  for (const warning of settings.warnings) environment.report("warning", warning);
  const network = new NetworkServer(server);
  const { transport = typeof Bun === "undefined" ? "node" : "bun", keepProcessAlive = false } = extras;
  const listenOn = transport === "bun" ? listenWithBun : listenWithNode;
  const listen: Listen = (options, handlers) => listenOn({ ...options, keepProcessAlive }, handlers);
  const { host, port } = await listenOnAddresses(network, listen, values.bind, values.port);
  values.port = port;
  const cron = new Cron(server, network);
  cron.start();
  const endPersistence = memory ? stayInMemory(settings) : loadOrStop(server, network);
  const connect = transport === "bun" ? connectWithBun : connectWithNode;
  const leaveCluster = joinOrStop(server, network, connect);
  const migrations = new Migrations(server, { connect, inTurn: (work) => network.inTurn(work) });
  server.migrations = migrations;
  let ended: () => void = () => {};
  const closed = new Promise<void>((resolvePromise) => {
    ended = resolvePromise;
  });
  let closing = false;
  const close = (wanted: SaveAtEnd, isSaved = false): Promise<void> => {
    if (!closing) {
      closing = true;
      cron.stop();
      migrations.stop();
      network.stop();
      // What somebody has written since the snapshot would be missing in it.
      if (!isSaved || (server.snapshots?.changes ?? 0) > 0) server.snapshots?.saveAtEnd(wanted);
      leaveCluster();
      void Promise.all([endPersistence(), network.disconnectAll(closeGraceMs)]).then(() => ended());
    }
    return closed;
  };
  // Not from within the command that asks for it.
  server.requestShutdown = (wanted, force) => {
    if (server.snapshots?.saveAtEnd(wanted) === false && !force) return false;
    setImmediate(() => void close(wanted, true));
    return true;
  };
  const closeNow = (): Promise<void> => close("by-settings");
  return { host, port, url: urlOf(host, port), server, close: closeNow, closed, [Symbol.asyncDispose]: closeNow };
}

/** An address that stands for all addresses of the machine is reached by the loopback address of its kind. */
function urlOf(host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `redis://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

/** The folder's absolute path. Throws DirectiveError when there is no such folder. */
function existingFolder(path: string, prefix = ""): string {
  const folder = resolve(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new DirectiveError(`${prefix}No such file or directory`);
  }
  return folder;
}

function joinOrStop(server: Server, network: NetworkServer, connect: Connect): () => void {
  try {
    return joinCluster(server, network, connect);
  } catch (error) {
    network.stop();
    throw error;
  }
}

function stayInMemory(settings: Settings): () => Promise<void> {
  settings.onChange("appendonly", () => {
    if (settings.values.appendonly) {
      throw new DirectiveError("this server keeps everything in memory, and writes no file");
    }
  });
  return () => Promise.resolve();
}

/**
 * The address is taken before the log is touched, so that a second start on the same port leaves the first one's log
 * alone. Nobody is served meanwhile: loading does not give way to the event loop.
 */
function loadOrStop(server: Server, network: NetworkServer): () => Promise<void> {
  try {
    return load(server, network);
  } catch (error) {
    network.stop();
    throw error;
  }
}

/** Loads the log or the snapshot, and logs from now on if that is asked for. The result syncs and closes the log. */
function load(server: Server, network: NetworkServer): () => Promise<void> {
  const { settings } = server;
  const log = new AppendOnlyLog(server, (file) => {
    network.durability = file;
  });
  const snapshots = new Snapshots(server);
  server.appendOnlyLog = log;
  server.snapshots = snapshots;
  if (settings.values.appendonly) log.open(() => snapshots.loadIfThere());
  else snapshots.loadIfThere();
  settings.onChange("appendonly", () => {
    if (settings.values.appendonly) enable(server, log);
    else log.disable();
  });
  return async () => {
    await Promise.all([snapshots.cancel(), log.close()]);
  };
}

function enable({ environment }: Server, log: AppendOnlyLog): void {
  try {
    log.enable();
  } catch (error) {
    environment.report("error", "the append-only file cannot be begun", error);
    throw new DirectiveError("Unable to turn on AOF. Check server logs.");
  }
}
