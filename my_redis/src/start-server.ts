import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildServer, type BuiltServer } from "./build-server.ts";
import { Cron } from "./cron.ts";
import type { CommandHook } from "./dispatch/checks/command-hook.ts";
import type { SaveAtEnd } from "./dispatch/ports.ts";
import { Ending } from "./ending.ts";
import { type Environment, systemEnvironment } from "./environment.ts";
import { MetricsEndpoint } from "./metrics/metrics-endpoint.ts";
import { limitClients } from "./network/open-files-limit.ts";
import { connectWithBun, listenWithBun } from "./network/bun-transport.ts";
import type { NetworkServer } from "./network/network-server.ts";
import type { PortPurpose } from "./network/open-listeners.ts";
import { type ListenAt, listenOnAddresses } from "./network/listen-on-addresses.ts";
import { listenOnUnixSocket } from "./network/listen-on-unix-socket.ts";
import { connectWithNode, listenWithNode } from "./network/node-transport.ts";
import type { Listen } from "./network/transport.ts";
import { OomScore } from "./oom-score.ts";
import { Shutdown } from "./shutdown.ts";
import { DirectiveError } from "./settings/directive.ts";
import { type GivenDirectives, type SettingValues, Settings } from "./settings/settings.ts";
import { checkWritable } from "./writable-file.ts";

/** Options of a server besides its directives. */
export interface StartExtras {
  /** Keeps everything in memory: no file is read or written, whatever the directives say. */
  readonly memory?: boolean | undefined;
  /**
   * The caller's own clock, randomness and messages. A part that is left out is the real one, except that messages are
   * dropped without `report`.
   */
  readonly environment?: Partial<Environment> | undefined;
  /** The sockets to use: Bun's, which are faster, or Node's. The default is Bun's when Bun runs the program. */
  readonly transport?: "bun" | "node" | undefined;
  /**
   * Called with every command of every client before it runs. It may answer it with an error, or delay it: for tests.
   */
  readonly onCommand?: CommandHook | undefined;
  /**
   * Whether the open server keeps the process alive. The default is false, so that a test that forgets `close` can end.
   * Set it in a program that only serves: otherwise the program ends when nothing but the server is left. `await
   * server.closed` does not change that: Node then ends the process with the exit code 13.
   */
  readonly keepProcessAlive?: boolean | undefined;
}

/**
 * Options for an embedding program: any directive by its name in redis.conf, as a value of its type or as text in the
 * form of redis.conf ("64mb"), and the options that are not directives.
 */
export interface StartOptions extends GivenDirectives, StartExtras {}

/** A server that runs in this process. `await using` closes it at the end of the block. */
export interface RunningServer extends AsyncDisposable {
  /** The port on which the server listens: a free one if port 0 was given. 0 with port 0 and a tls-port or a Unix socket. */
  readonly port: number;
  /** The port for encrypted connections; 0 for none. */
  readonly tlsPort: number;
  /** The path of the Unix socket; empty for none. */
  readonly unixSocket: string;
  /** The first address on which the server listens; empty with a Unix socket alone. */
  readonly host: string;
  /**
   * The address for clients on this machine: "redis://127.0.0.1:6379", or "rediss://..." where all connections are
   * encrypted, "unix:///run/redis.sock" with a Unix socket alone. It contains no password.
   */
  readonly url: string;
  /**
   * Accepts no more connections, finishes the requests that have arrived, and resolves when everything is closed and
   * on the disk. Rejects when everything is closed, but a file could not be closed, or the snapshot that save points
   * ask for could not be written: then changes since the snapshot before are lost. A snapshot cannot be written
   * either while a script is half done.
   */
  close(): Promise<void>;
  /**
   * Settles as `close` does when the server is closed, by `close` or by SHUTDOWN. Waiting for it does not keep the
   * process alive.
   */
  readonly closed: Promise<void>;
}

/** A running server together with its inner parts, for the code of this package and its tests. Not public. */
export interface OpenServer extends RunningServer {
  readonly server: BuiltServer;
  /** As `close`, with this snapshot at the end. */
  end(wanted: SaveAtEnd): Promise<void>;
}

/**
 * Starts a server in this process, on Bun or on Node.
 *
 *     const redis = await startServer({ port: 0, memory: true, requirepass: "secret" });
 *     // ... connect to redis.port ...
 *     await redis.close();
 *
 * Rejects with DirectiveError when a directive does not allow the given value, and with ListenError when the address
 * cannot be used.
 */
export async function startServer(options: StartOptions = {}): Promise<RunningServer> {
  const { server: _server, end: _end, ...running } = await startOpenServer(options);
  return running;
}

/** As `startServer`, with the inner parts of the server. */
export async function startOpenServer(options: StartOptions = {}): Promise<OpenServer> {
  const { memory, environment, transport, onCommand, keepProcessAlive, ...directives } = options;
  const settings = new Settings(directives);
  if (settings.values.daemonize) {
    throw new DirectiveError("daemonize 'yes': a server inside of a program cannot leave it");
  }
  return startWithSettings(settings, { memory, environment, transport, onCommand, keepProcessAlive });
}

/** As `startOpenServer`, with settings that have been read already. */
export async function startWithSettings(settings: Settings, extras: StartExtras = {}): Promise<OpenServer> {
  const { values } = settings;
  const memory = extras.memory === true;
  if (memory) values.appendonly = false;
  values.dir = existingFolder(values.dir, `dir '${values.dir}': `);
  const environment = { ...systemEnvironment(() => {}), ...extras.environment };
  settings.onChange("dir", () => {
    values.dir = existingFolder(values.dir);
  });
  if (!memory && values.save.length > 0) checkSnapshotFolder(settings);
  for (const warning of settings.warnings) environment.report("warning", warning);
  limitClients(settings, (text) => environment.report("warning", text));
  const { transport = typeof Bun === "undefined" ? "node" : "bun", keepProcessAlive = false, onCommand } = extras;
  const listenOn = transport === "bun" ? listenWithBun : listenWithNode;
  const listen: Listen = (options, handlers) => listenOn({ ...options, keepProcessAlive }, handlers);
  const connect = transport === "bun" ? connectWithBun : connectWithNode;
  const { server, turn } = buildServer(
    { settings, environment, memory, connect, onCommand },
    {
      request: (request) => shutdown.request(request),
      abort: () => shutdown.abort(),
      get leftMs() {
        return shutdown.leftMs;
      },
    },
  );
  const { network, storage, cluster, replication } = server.parts;
  const cron = new Cron(server, {
    finishTurn: () => turn.finish(),
    checkClients: () => network.checkClients(),
    tickStorage: () => storage?.tick(),
    tickReplication: () => {
      replication.tick();
      shutdown.tick();
      oomScore.tick();
    },
  });
  const oomScore = new OomScore({
    ...{ settings, report: environment.report },
    isReplica: () => server.execution.followsPrimary,
  });
  const ending = new Ending(server.parts, cron);
  const shutdown = new Shutdown(server, ending);
  const metrics = new MetricsEndpoint(server);
  const { plain, encrypted, unixSocket, removeUnixSocket } = await listenEverywhere(network, metrics, listen, values);
  const release = (): void => {
    metrics.close();
    removeUnixSocket();
  };
  ending.closed.finally(release).catch(() => {});
  cron.start();
  try {
    if (storage === undefined) stayInMemory(settings);
    else storage.open();
    cluster?.start();
    replication.start();
  } catch (error) {
    cron.stop();
    network.stop();
    release();
    throw error;
  }
  const end = (wanted: SaveAtEnd): Promise<void> => ending.end(wanted);
  const close = (): Promise<void> => end("by-settings");
  const { closed } = ending;
  const { host } = plain ?? encrypted ?? { host: "" };
  const { port, "tls-port": tlsPort } = values;
  const url = urlOfListening({ plain, encrypted, unixSocket });
  return { host, port, tlsPort, unixSocket, url, server, end, close, closed, [Symbol.asyncDispose]: close };
}

interface Listening {
  /** Undefined where all clients come over TLS or a Unix socket. */
  readonly plain: Address | undefined;
  readonly encrypted: Address | undefined;
  /** Its absolute path; empty for none. */
  readonly unixSocket: string;
  readonly removeUnixSocket: () => void;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Takes all addresses before the log is touched, so that a second start on the same port leaves the first server's log alone. No
 * client is served until the log is loaded: nothing yields to the event loop once clients can connect. So the port for
 * Prometheus, which does yield, comes first, and so does the question whether somebody listens at the Unix socket. Throws ListenError, and then listens nowhere.
 */
async function listenEverywhere(
  network: NetworkServer,
  metrics: MetricsEndpoint,
  listen: Listen,
  values: SettingValues,
): Promise<Listening> {
  const unixSocket = values.unixsocket === "" ? "" : resolve(values.dir, values.unixsocket);
  let removeUnixSocket = (): void => {};
  try {
    if (values["metrics-port"] > 0) await metrics.open(values["metrics-bind"], values["metrics-port"]);
    if (unixSocket !== "") {
      const socket = { path: unixSocket, mode: values.unixsocketperm };
      removeUnixSocket = await listenOnUnixSocket(network, listen, socket);
    }
    const tlsPort = values["tls-port"];
    const hasNoPort = (tlsPort > 0 || unixSocket !== "") && values.port === 0;
    const at =
      (purpose: PortPurpose): ListenAt =>
      (host, port) =>
        network.listen(listen, host, port, purpose);
    const plain = hasNoPort ? undefined : await listenOnAddresses(at("clients"), values.bind, values.port);
    values.port = plain?.port ?? 0;
    const encrypted = tlsPort > 0 ? await listenOnAddresses(at("encrypted clients"), values.bind, tlsPort) : undefined;
    if (values["admin-port"] > 0) {
      await listenOnAddresses(at("administration"), values["admin-bind"], values["admin-port"]);
    }
    return { plain, encrypted, unixSocket, removeUnixSocket };
  } catch (error) {
    network.stop();
    metrics.close();
    removeUnixSocket();
    throw error;
  }
}

function urlOfListening({ plain, encrypted, unixSocket }: Omit<Listening, "removeUnixSocket">): string {
  if (plain !== undefined) return urlOf("redis", plain);
  return encrypted === undefined ? `unix://${unixSocket}` : urlOf("rediss", encrypted);
}

/** An address that stands for all addresses of the machine is reached at the loopback address of the same family. */
function urlOf(scheme: "redis" | "rediss", { host, port }: Address): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `${scheme}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

/** The folder's absolute path. Throws DirectiveError when the folder does not exist. */
function existingFolder(path: string, prefix = ""): string {
  const folder = resolve(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new DirectiveError(`${prefix}No such file or directory`);
  }
  return folder;
}

/** A server that is to write snapshots must not learn after hours of writes that it cannot. */
function checkSnapshotFolder(settings: Settings): void {
  const { dir } = settings.values;
  checkWritable(
    join(dir, `temp-check-${process.pid}`),
    `dir '${dir}' cannot be written, but save '${settings.print("save")}' asks for snapshots`,
  );
}

function stayInMemory(settings: Settings): void {
  settings.onChange("appendonly", () => {
    if (settings.values.appendonly) {
      throw new DirectiveError("this server keeps everything in memory, and writes no file");
    }
  });
}
