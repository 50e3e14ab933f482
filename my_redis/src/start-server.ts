import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type CommandHook, installCommandHook } from "./dispatch/checks/command-hook.ts";
import type { Connect } from "./network/transport.ts";
import { CommandTable } from "./dispatch/command-table.ts";
import { allCommands } from "./commands/index.ts";
import { scriptRunner } from "./commands/scripting/script-runner.ts";
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
import { Settings, type SettingValues } from "./settings/settings.ts";

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
}

/**
 * What an embedding program may choose: any directive by its name in redis.conf, as a value of its type or as the
 * text that would stand in redis.conf ("64mb"), and what is no directive.
 */
export interface StartOptions extends Partial<SettingValues>, StartExtras {}

export interface RunningServer {
  /** The port that was taken: a free one if port 0 was asked for. */
  readonly port: number;
  /** The first address that is listened on. */
  readonly host: string;
  readonly server: Server;
  /** Accepts nobody any more, finishes what has been asked, and resolves when all is closed and on disk. */
  close(): Promise<void>;
  /** Resolves when the server is closed, by `close` or by SHUTDOWN. */
  readonly closed: Promise<void>;
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
  const { memory, environment, transport, onCommand, ...directives } = options;
  return startWithSettings(new Settings(directives), { memory, environment, transport, onCommand });
}

/** As `startServer`, with settings that have been read already. */
export async function startWithSettings(settings: Settings, extras: StartExtras = {}): Promise<RunningServer> {
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
  const { transport = typeof Bun === "undefined" ? "node" : "bun" } = extras;
  const listen = transport === "bun" ? listenWithBun : listenWithNode;
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
  return { host, port, server, close: () => close("by-settings"), closed };
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
    return joinCluster(server, network, { connect, scriptEngine: () => scriptRunner(server).engine });
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
