import type { MigratingKey, Migration } from "../dispatch/ports.ts";
import type { Connect } from "../network/transport.ts";
import { TargetConnection, TargetError } from "./target-connection.ts";

/** The keys that the target accepted, and the client's error reply if it did not accept all. */
export interface TransferResult {
  readonly taken: readonly MigratingKey[];
  readonly error: string | undefined;
}

/** Sends keys to the target and reads the reply for each. An error of the target is a result, not a rejection. */
export async function transfer(connect: Connect, migration: Migration, signal: AbortSignal): Promise<TransferResult> {
  const taken: MigratingKey[] = [];
  let refusal: string | undefined;
  try {
    const connection = await TargetConnection.open(connect, migration.target);
    const giveUp = (): void => connection.close();
    signal.addEventListener("abort", giveUp);
    try {
      connection.send(requestsOf(migration));
      const preparation = await refusalOf(connection, migration.credentials.length > 0 ? 2 : 1);
      for (const key of migration.keys) {
        const answer = await refusalOf(connection, 1);
        // After a failed AUTH or SELECT, a key may be in another database, or nowhere.
        if (preparation === undefined && answer === undefined) taken.push(key);
        else refusal ??= `ERR Target instance replied with error: ${preparation ?? answer}`;
      }
    } finally {
      signal.removeEventListener("abort", giveUp);
      connection.close();
    }
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    refusal ??= ioError(error);
  }
  return { taken, error: refusal };
}

const ioError = ({ activity }: TargetError): string =>
  activity === "connecting"
    ? "IOERR error or timeout connecting to the client"
    : `IOERR error or timeout ${activity} to target instance`;

/** The first error among the next replies, without the leading minus. */
async function refusalOf(connection: TargetConnection, replies: number): Promise<string | undefined> {
  let refusal: string | undefined;
  for (let left = replies; left > 0; left--) {
    const line = await connection.line();
    if (line.startsWith("-")) refusal ??= line.slice(1);
  }
  return refusal;
}

function requestsOf({ credentials, targetDatabase, replaces, keys }: Migration): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  if (credentials.length > 0) pieces.push(...request(["AUTH", ...credentials]));
  pieces.push(...request(["SELECT", String(targetDatabase)]));
  for (const { key, payload, timeToLiveMs } of keys) {
    pieces.push(...request(["RESTORE", key, String(timeToLiveMs), payload, ...(replaces ? ["REPLACE"] : [])]));
  }
  return pieces;
}

/** A request in pieces. A large word is a piece of its own, so that it is not copied. */
function request(words: readonly (string | Uint8Array)[]): Uint8Array[] {
  const pieces: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = typeof word === "string" ? Buffer.from(word) : word;
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return pieces;
}
