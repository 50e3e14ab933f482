import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LogLevel } from "my-redis";
import { deriveBytes } from "../authorization/signing-key.ts";
import type { GateServer } from "../gate/gate-connection.ts";
import type { Logger } from "../logging/logger.ts";
import type { Settings } from "../settings/settings.ts";
import { StartError } from "./start-error.ts";

export interface EmbeddedRedis {
  readonly address: GateServer;
  close(): Promise<void>;
}

export interface EmbeddedRedisOptions {
  readonly settings: Settings;
  readonly secret: string;
  readonly logger: Logger;
}

/** Loaded only where it is embedded: to load it is a quarter of what the start of a process costs. */
const loadMyRedis = (): Promise<typeof import("my-redis")> => import("my-redis");

const host = "127.0.0.1";
/** Below a gateway's default limit on the wait for the gate, so that a node that hangs is noticed first. */
const nodeTimeoutMs = 1_500;

/** The file with the ports of the embedded server, for a `verify` that runs beside the system. */
function portsFile(dataDir: string): string {
  return join(dataDir, "my-redis.port");
}

/** A password is needed because other users of the machine can reach the port too. */
function passwordFor(secret: string): string {
  return Buffer.from(deriveBytes(secret, "embedded-redis/password/")).toString("base64url");
}

/** The address of a single server, or of a ring. */
function addressOf(ports: readonly number[], secret: string): GateServer {
  const password = passwordFor(secret);
  const [port] = ports as [number];
  return ports.length === 1
    ? { host, port, password }
    : { cluster: ports.map((each) => ({ host, port: each })), password };
}

/**
 * Starts MyRedis with its append-only file in the data folder. A single node runs in this process on a free port. If
 * `redis.embedded_nodes` is more than one, each node is a process of its own, and together they form a ring.
 *
 * @throws StartError if the nodes cannot start
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const { settings, secret } = options;
  const dir = join(settings.data_dir, "my-redis");
  mkdirSync(dir, { recursive: true });
  const start = settings.redis.embedded_nodes === 1 ? startInProcess : startRing;
  const { ports, close } = await start(dir, options);
  writeFileSync(portsFile(settings.data_dir), `${ports.join(" ")}\n`);
  return {
    address: addressOf(ports, secret),
    async close() {
      try {
        rmSync(portsFile(settings.data_dir), { force: true });
      } finally {
        await close();
      }
    },
  };
}

interface Started {
  readonly ports: readonly number[];
  close(): Promise<void>;
}

async function startInProcess(dir: string, { settings, secret, logger }: EmbeddedRedisOptions): Promise<Started> {
  const { startServer } = await loadMyRedis();
  const server = await startServer({
    bind: [host],
    port: 0,
    requirepass: passwordFor(secret),
    dir,
    appendonly: true,
    appendfsync: settings.redis.append_fsync,
    environment: { report: reportTo(logger) },
    keepProcessAlive: true,
  });
  return { ports: [server.port], close: () => server.close() };
}

async function startRing(dir: string, { settings, secret, logger }: EmbeddedRedisOptions): Promise<Started> {
  const { embedded_nodes, embedded_port, append_fsync } = settings.redis;
  const password = passwordFor(secret);
  const { NodesError, startNodes } = await loadMyRedis();
  try {
    const running = await startNodes({
      nodes: embedded_nodes,
      port: embedded_port,
      dir,
      directives: {
        bind: host,
        requirepass: password,
        masterauth: password,
        appendonly: "yes",
        appendfsync: append_fsync,
        "cluster-node-timeout": `${nodeTimeoutMs}`,
      },
      report: reportTo(logger),
    });
    return { ports: running.nodes.map(({ port }) => port), close: () => running.close() };
  } catch (error) {
    if (!(error instanceof NodesError)) throw error;
    const last = embedded_port + embedded_nodes - 1;
    const ports = `redis.embedded_port ${embedded_port} to ${last}`;
    throw new StartError(`the embedded MyRedis nodes did not start at ${ports}: ${error.message}`);
  }
}

const reportTo =
  (logger: Logger) =>
  (level: LogLevel, message: string): void => {
    if (level === "warning" || level === "error") logger.warn("MyRedis", { detail: message });
    else logger.debug("MyRedis", { detail: message });
  };

/** The address of the embedded server that uses this data folder, from the file of ports. Undefined without a file. */
export function runningEmbeddedRedis(dataDir: string, secret: string): GateServer | undefined {
  try {
    const ports = readFileSync(portsFile(dataDir), "utf8").trim().split(" ").map(Number);
    return ports.every((port) => Number.isInteger(port) && port > 0) ? addressOf(ports, secret) : undefined;
  } catch {
    return undefined;
  }
}
