import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { GateServer } from "../gate/gate-connection.ts";
import type { Gate } from "../gate/gate.ts";
import { createGate } from "../gate/redis-gate.ts";
import { ledgerGate } from "../ledger-gate/ledger-gate.ts";
import type { HealthPart } from "../health/health-board.ts";
import type { Logger } from "../logging/logger.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { SchemaMismatchError } from "../ledger/ledger-errors.ts";
import { mysqlLedger } from "../ledger/mysql-ledger.ts";
import { sqliteLedger } from "../ledger/sqlite-ledger.ts";
import { embeddedQueue } from "../queue/embedded-queue.ts";
import type { ReservationQueue } from "../queue/queue.ts";
import { rabbitmqQueue } from "../queue/rabbitmq-queue.ts";
import { parseNodeName } from "../authorization/ring/node-name.ts";
import { hasNoGate, isGateEmbedded } from "../settings/load-settings.ts";
import { keptSecret } from "../settings/kept-secret.ts";
import type { Settings } from "../settings/settings.ts";
import type { Role } from "./task.ts";
import { StartError } from "./start-error.ts";
import { recordWindows } from "./record-windows.ts";

/** The first secret signs; all of them verify. */
export function secretsOf({ backend, data_dir }: Settings): readonly string[] {
  if (backend.api_secret === "") return [keptSecret(data_dir)];
  return backend.previous_api_secret === "" ? [backend.api_secret] : [backend.api_secret, backend.previous_api_secret];
}

/** MySQL, or SQLite in the data folder if mysql.host is empty. */
export function openLedger(settings: Settings, now: () => number): Ledger {
  const { mysql, data_dir } = settings;
  if (mysql.host === "") return sqliteLedger({ file: join(data_dir, "ledger.sqlite"), now });
  return mysqlLedger({
    host: mysql.host,
    port: mysql.port,
    user: mysql.user_name,
    password: mysql.pass_word,
    database: mysql.db_name,
    poolSize: mysql.pool_size,
    ...(mysql.tls && { tls: { ca: mysql.tls_ca_file === "" ? undefined : readAuthorities(mysql.tls_ca_file) } }),
    now,
  });
}

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new StartError(`mysql.tls_ca_file ${file} cannot be read: ${(error as Error).message}`);
  }
}

/**
 * Brings the tables up to date, or only checks them if `mysql.migrate` is false.
 * @throws StartError if they are not what this program needs
 */
export async function prepareLedger(ledger: Ledger, { mysql }: Settings): Promise<void> {
  if (mysql.migrate) return ledger.migrate();
  try {
    await ledger.checkSchema();
  } catch (error) {
    if (!(error instanceof SchemaMismatchError)) throw error;
    throw new StartError(`${error.message}. mysql.migrate is false: run "seckill migrate" as a user who may do so`);
  }
}

/** RabbitMQ, or a file in the data folder if rabbitmq.url is empty. */
export function openQueue(settings: Settings, health?: HealthPart): ReservationQueue {
  const { rabbitmq, data_dir } = settings;
  const told = health === undefined ? {} : { health };
  if (rabbitmq.url === "") return embeddedQueue({ file: join(data_dir, "queue.sqlite"), ...told });
  return rabbitmqQueue({ url: rabbitmq.url, queueName: rabbitmq.queue_name, ...told });
}

/** The server or cluster that the settings name; undefined if the gate is embedded. */
export function externalGateServer({ redis }: Settings): GateServer | undefined {
  if (redis.url !== "") return { url: redis.url };
  if (redis.cluster.length === 0) return undefined;
  return {
    cluster: redis.cluster.map(parseNodeName).filter((node) => node !== undefined),
    ...(redis.user_name !== "" && { username: redis.user_name }),
    ...(redis.pass_word !== "" && { password: redis.pass_word }),
    tls: redis.tls,
  };
}

/** The gate of a sale in which the ledger decides. */
export function openLedgerGate(ledger: Ledger, settings: Settings): Gate {
  return ledgerGate({ ...ledger, ...recordWindows(settings) });
}

export function openGate(settings: Settings, connection: GateServer, logger: Logger): Gate {
  const { gate_timeout_ms, gate_concurrency } = settings.limits;
  return createGate({ connection, timeoutMs: gate_timeout_ms, maxWaiting: gate_concurrency, logger });
}

/**
 * Checks that a gateway knows its own name. Relays, consumers and sweepers need none, so they can use the same file.
 * @throws StartError if `gateways.self` is missing
 */
export function checkRing(role: Role, { gateways }: Settings): void {
  if ((role !== "all" && role !== "gateway") || gateways.nodes.length === 0 || gateways.self !== "") return;
  throw new StartError(
    "gateways.nodes is set, but gateways.self is not: it must be the host:port at which the other gateways reach this one",
  );
}

/**
 * Checks that the role `admin` has the secret without which nobody may use it.
 * @throws StartError if `admin.secret` is missing
 */
export function checkAdmin(role: Role, { admin }: Settings): void {
  if (role === "admin" && admin.secret === "") {
    throw new StartError("admin.secret is empty: the role admin needs it, for example from: openssl rand -base64 48");
  }
}

/**
 * Checks that the role `quantity` has a program that may use it.
 * @throws StartError if `quantity.programs` is empty
 */
export function checkPrograms(role: Role, { quantity }: Settings): void {
  if (role === "quantity" && quantity.programs.length === 0) {
    throw new StartError(
      "quantity.programs is empty: the role quantity needs at least one program with a key, for example from: openssl rand -base64 48",
    );
  }
}

/**
 * Checks that a role of its own uses no embedded part, because other processes cannot reach such a part.
 * @throws StartError naming the key that must be set for this role
 */
export function checkSharedParts(role: Role, settings: Settings): void {
  const carries = role === "relay" || role === "consumer";
  if (carries && hasNoGate(settings)) {
    throw new StartError(`gate.mode is "ledger": the ledger decides, and the role ${role} would have nothing to do`);
  }
  const needsGate = role !== "consumer" && !hasNoGate(settings);
  const needsQueue = carries;
  if (needsGate && isGateEmbedded(settings)) {
    throw new StartError(
      `redis.url and redis.cluster are empty: the embedded MyRedis belongs to the role all, so the role ${role} needs one of them`,
    );
  }
  if (needsQueue && settings.rabbitmq.url === "") {
    throw new StartError(
      `rabbitmq.url is empty: the embedded queue belongs to the role all, so the role ${role} needs a URL`,
    );
  }
  const elsewhere = remoteHost(settings);
  if (settings.mysql.host === "" && elsewhere !== undefined) {
    throw new StartError(
      `mysql.host is empty, but ${elsewhere} is another machine: each machine would open an SQLite ledger of its own`,
    );
  }
}

/** The first server of the settings that is on another machine, by its key and host. */
function remoteHost({ redis, rabbitmq }: Settings): string | undefined {
  const hosts = [
    ...(redis.url === "" ? [] : [["redis.url", new URL(redis.url).hostname]]),
    ...redis.cluster.map((node) => ["redis.cluster", node.slice(0, node.lastIndexOf(":"))]),
    ...(rabbitmq.url === "" ? [] : [["rabbitmq.url", new URL(rabbitmq.url).hostname]]),
  ] as [key: string, host: string][];
  const remote = hosts.find(([, host]) => !/^(localhost|127\.|\[?::1\]?$)/.test(host));
  return remote === undefined ? undefined : `${remote[0]} ${remote[1]}`;
}
