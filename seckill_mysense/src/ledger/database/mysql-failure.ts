import type { FailureKind } from "./ledger-database.ts";

/** The pool has no connection to give. */
export class PoolExhaustedError extends Error {
  override readonly name = "PoolExhaustedError";
}

/** The properties of an error by mysql2, MySQL or MariaDB. */
interface MysqlError {
  readonly code?: string;
  readonly errno?: number;
  readonly sqlState?: string;
  readonly fatal?: boolean;
}

const lostCodes = new Set([
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_SEQUENCE_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
]);

/** Too many connections, shutting down, killed, idle for too long, read-only after a failover, no longer the primary. */
const lostNumbers = new Set([1040, 1053, 1077, 1079, 1152, 1159, 1161, 1184, 1203, 1290, 1792, 1836, 1927, 3168, 4031]);

/** Lock wait, deadlock, changed since the last read, statement stopped by an operator or a time limit. */
const contendedNumbers = new Set([1205, 1213, 1020, 1317, 1969, 3024, 3058, 3572]);

/** Whether the connection can no longer be used. */
export function isConnectionLost(error: unknown): boolean {
  const { code = "", errno = 0, fatal = false } = error as MysqlError;
  return fatal || lostCodes.has(code) || lostNumbers.has(errno);
}

export function mysqlFailureKind(error: unknown): FailureKind {
  const { errno = 0, sqlState = "" } = error as MysqlError;
  if (errno === 1062 || errno === 1586) return "duplicate_key";
  if (contendedNumbers.has(errno) || sqlState === "40001" || error instanceof PoolExhaustedError) return "contended";
  // Data exceptions have class 22; 1366 (bad text), 4025 and 3819 (CHECK) have the general class.
  if (sqlState.startsWith("22") || [1366, 4025, 3819].includes(errno)) return "refused_value";
  return isAccessProblem(error as MysqlError) || !isConnectionLost(error) ? "other" : "lost";
}

/** A wrong password is fatal to the connection too, but a retry does not help. */
function isAccessProblem({ sqlState = "", errno = 0 }: MysqlError): boolean {
  return sqlState.startsWith("28") || [1044, 1045, 1049, 1698].includes(errno);
}
