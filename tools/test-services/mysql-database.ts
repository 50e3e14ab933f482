import { SQL } from "bun";
import { randomBytes } from "node:crypto";
import { startMariadb, type MariadbOptions } from "./mariadb.ts";
import type { Service } from "./service.ts";

/** An empty database, the caller's own. */
export interface MysqlDatabase {
  /** mysql://user:password@host:port/database */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Removes the database, and a dedicated server with it. */
  drop(): Promise<void>;
}

export interface DedicatedMysqlDatabase extends MysqlDatabase {
  /** To kill, freeze and restart. */
  readonly server: Service;
}

const sharedKey = Symbol.for("test-services.mariadb");
const holder = globalThis as typeof globalThis & { [sharedKey]?: Promise<Service> };

/**
 * A fresh database. Without `dedicated` it is on the server of TEST_MYSQL_URL (an account that may create databases),
 * or else on one MariaDB that all files of a test run share. A test that stops or slows the server asks for its own.
 */
export function freshMysqlDatabase(options?: { dedicated?: false }): Promise<MysqlDatabase>;
export function freshMysqlDatabase(options: { dedicated: true } & MariadbOptions): Promise<DedicatedMysqlDatabase>;
export async function freshMysqlDatabase({
  dedicated = false,
  ...options
}: { dedicated?: boolean } & MariadbOptions = {}): Promise<MysqlDatabase | DedicatedMysqlDatabase> {
  const server = dedicated ? await startMariadb(options) : undefined;
  const url = new URL(server?.url ?? (await sharedMysqlUrl()));
  const database = `test_${randomBytes(6).toString("hex")}`;
  await runStatement(url, `CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
  const drop = async (): Promise<void> => {
    if (server === undefined) await runStatement(url, `DROP DATABASE IF EXISTS ${database}`);
    else await server.stop();
  };
  const place = describePlace(url, database);
  return server === undefined ? { ...place, drop } : { ...place, drop, server };
}

/** Where the shared server is. The first call starts it; it ends with the process. */
export async function sharedMysqlUrl(): Promise<string> {
  const given = process.env["TEST_MYSQL_URL"];
  if (given) return given;
  holder[sharedKey] ??= startMariadb();
  return (await holder[sharedKey]).url;
}

function describePlace(server: URL, database: string): Omit<MysqlDatabase, "drop"> {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return {
    url: url.href,
    host: url.hostname,
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
  };
}

async function runStatement(server: URL, statement: string): Promise<void> {
  const url = new URL(server);
  // The client asks for a database; this one always exists and every account may enter it.
  url.pathname = "/information_schema";
  await using client = new SQL(url.href, { max: 1, connectionTimeout: 10 });
  await client.unsafe(statement);
}
