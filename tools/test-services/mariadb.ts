import { SQL } from "bun";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";
import { freePort } from "./free-port.ts";
import { requiredProgram } from "./required-program.ts";
import { startService, withNewPortsOnClash, type Service } from "./service.ts";
import { startProcess } from "./start-process.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface MariadbOptions {
  /** Further server arguments: `["--max-connections=10"]`. */
  args?: readonly string[];
  timeoutMs?: number;
}

/** An account that may do everything, also create databases; with a password, as a real one has. */
export const mariadbUser = "tester";
export const mariadbPassword = "correct-horse";

/** Small files make it quick to create. They must be the same at creation and at every start. */
const storage = ["--innodb-log-file-size=16M", "--innodb-data-file-path=ibdata1:4M:autoextend"];

/** A private MariaDB with InnoDB's full durability. The URL names no database: see `freshMysqlDatabase`. */
export function startMariadb({ args = [], timeoutMs = 60_000 }: MariadbOptions = {}): Promise<Service> {
  const program = requiredProgram("mariadb");
  return withNewPortsOnClash(async () => {
    const port = await freePort();
    const dataDir = temporaryFolder("test-mariadb");
    // A server that starts removes the temporary tables of others from the system's folder for temporary files.
    const place = [`--datadir=${join(dataDir, "data")}`, `--tmpdir=${dataDir}`, ...asRoot(), ...storage];
    await createSystemTables(place, timeoutMs);

    // Read at every start, hence IF NOT EXISTS.
    const accounts = join(dataDir, "accounts.sql");
    const account = `'${mariadbUser}'@'127.0.0.1'`;
    const create = `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${mariadbPassword}';`;
    writeFileSync(accounts, `${create}\nGRANT ALL ON *.* TO ${account} WITH GRANT OPTION;\n`);

    const sockets = [`--port=${port}`, "--bind-address=127.0.0.1", `--socket=${join(dataDir, "socket")}`];
    const habits = ["--skip-name-resolve", "--character-set-server=utf8mb4", "--innodb-buffer-pool-size=64M"];
    const files = [`--pid-file=${join(dataDir, "pid")}`, `--init-file=${accounts}`];
    const url = `mysql://${mariadbUser}:${mariadbPassword}@127.0.0.1:${port}`;
    const cmd: [string, ...string[]] = [program, "--no-defaults", ...place, ...sockets, ...habits, ...files, ...args];
    const server = { cmd, readyWhen: () => answersQuery(url), timeoutMs };
    return startService({ url, port, dataDir, processes: [server] });
  });
}

async function createSystemTables(place: readonly string[], timeoutMs: number): Promise<void> {
  const program = findProgram("mariadb-install-db", "mysql_install_db");
  if (program === undefined) throw new Error("mariadbd is here, but not mariadb-install-db");
  // Root without a password, but only through the socket in a folder that only this user can enter.
  const habits = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"];
  const creation = await startProcess({
    cmd: [program, "--no-defaults", ...place, ...habits],
    readyWhen: (started) => started.exit !== undefined,
    timeoutMs,
  });
  if (creation.exit?.code !== 0)
    throw new Error(`mariadb-install-db failed:\n${creation.stdout()}${creation.stderr()}`);
}

/** mariadbd refuses to run as root unless told that it is meant. */
function asRoot(): string[] {
  return process.getuid?.() === 0 ? ["--user=root"] : [];
}

async function answersQuery(url: string): Promise<boolean> {
  try {
    await using client = new SQL(`${url}/mysql`, { max: 1, connectionTimeout: 2 });
    await client`SELECT 1`;
    return true;
  } catch {
    return false;
  }
}
