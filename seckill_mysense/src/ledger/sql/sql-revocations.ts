import { isIdentifier, describeBadIdentifier } from "../../domain/identifier.ts";
import { knownAfterEndMs } from "../../domain/sale.ts";
import { longestSessionMs } from "../../domain/user.ts";
import type { Clock } from "../../time/clock.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { RevocationRow } from "../database/schema.ts";
import { InvalidUserError } from "../ledger-errors.ts";
import type {
  LedgerRevocations,
  NewRevocations,
  Revocation,
  RevocationReason,
  RevokedSession,
  UserRevocationReason,
} from "../revocations.ts";
import { knownBefore, lockRevision, raiseRevision, readRevision } from "./revision.ts";

/** In place of a session's id, in the row of all sessions of a user. */
const allSessions = "";

export class SqlRevocations implements LedgerRevocations {
  readonly #database: RetryingDatabase;
  readonly #now: Clock["now"];

  constructor(database: RetryingDatabase, now: Clock["now"]) {
    this.#database = database;
    this.#now = now;
  }

  async revokeSession({ userId, sessionId, expiresAtMs }: RevokedSession): Promise<Revocation> {
    for (const id of [userId, sessionId]) checkId(id);
    return this.#database.write((transaction) =>
      this.#write(transaction, { userId, sessionId, reason: "logout", untilMs: expiresAtMs }),
    );
  }

  async revokeUser(userId: string, reason: UserRevocationReason): Promise<Revocation> {
    checkId(userId);
    const untilMs = this.#now() + longestSessionMs;
    return this.#database.write((transaction) =>
      this.#write(transaction, { userId, sessionId: allSessions, reason, untilMs }),
    );
  }

  since(known: number, limit: number): Promise<NewRevocations> {
    return this.#database.read(async (database) => {
      // Read first: a revocation that commits after this may be seen now, and is then seen once more.
      const revision = await readRevision(database, "revocations");
      if (revision === known) return { revision, revocations: [] };
      const after = knownBefore(revision, known);
      const rows = await database
        .selectFrom("revocations")
        .selectAll()
        .where("revision", ">", after)
        .orderBy("revision")
        .limit(limit)
        .execute();
      const isAll = rows.length < limit;
      return { revision: isAll ? revision : rows.at(-1)!.revision, revocations: rows.map(toRevocation) };
    });
  }

  forget({ endedBeforeMs, limit }: { readonly endedBeforeMs: number; readonly limit: number }): Promise<number> {
    return this.#database.read(async (database) => {
      const ended = await database
        .selectFrom("revocations")
        .select("until_ms")
        .where("until_ms", "<", endedBeforeMs)
        .orderBy("until_ms")
        .limit(limit)
        .execute();
      const last = ended.at(-1);
      if (last === undefined) return 0;
      await database.deleteFrom("revocations").where("until_ms", "<=", last.until_ms).execute();
      return ended.length;
    });
  }

  async #write(transaction: LedgerTransaction, wanted: Wanted): Promise<Revocation> {
    const revision = await lockRevision(transaction, this.#database.dialect, "revocations");
    const known = await transaction
      .selectFrom("revocations")
      .selectAll()
      .where("user_id", "=", wanted.userId)
      .where("session_id", "=", wanted.sessionId)
      .executeTakeFirst();
    const isOfUser = wanted.sessionId === allSessions;
    if (known !== undefined && !isOfUser) return toRevocation(known);
    const changes = {
      least_epoch: isOfUser ? await raiseEpoch(transaction, wanted.userId, known?.least_epoch ?? 0) : 0,
      reason: wanted.reason,
      until_ms: Math.max(wanted.untilMs, await latestTokenMs(transaction), known?.until_ms ?? 0),
      revision,
    };
    const row = { user_id: wanted.userId, session_id: wanted.sessionId, ...changes };
    if (known === undefined) await transaction.insertInto("revocations").values(row).execute();
    else
      await transaction
        .updateTable("revocations")
        .set(changes)
        .where("user_id", "=", wanted.userId)
        .where("session_id", "=", allSessions)
        .execute();
    await raiseRevision(transaction, revision, "revocations");
    return toRevocation(row);
  }
}

interface Wanted {
  readonly userId: string;
  readonly sessionId: string;
  readonly reason: RevocationReason;
  readonly untilMs: number;
}

/** Sessions that are opened from now on get the new epoch. It is more than any that the user has had. */
async function raiseEpoch(transaction: LedgerTransaction, userId: string, leastEpoch: number): Promise<number> {
  const user = await transaction
    .selectFrom("users")
    .select("session_epoch")
    .where("id", "=", userId)
    .executeTakeFirst();
  const epoch = Math.max(user?.session_epoch ?? 0, leastEpoch) + 1;
  await transaction.updateTable("users").set({ session_epoch: epoch }).where("id", "=", userId).execute();
  return epoch;
}

/** Until when a token that was issued before now can be of any use. */
async function latestTokenMs(transaction: LedgerTransaction): Promise<number> {
  const { latest } = await transaction
    .selectFrom("sales")
    .select(({ fn }) => fn.max("ends_at_ms").as("latest"))
    .executeTakeFirstOrThrow();
  return latest === null ? 0 : latest + knownAfterEndMs;
}

function toRevocation({ user_id, session_id, least_epoch, until_ms }: RevocationRow): Revocation {
  return {
    userId: user_id,
    sessionId: session_id === allSessions ? undefined : session_id,
    leastEpoch: least_epoch,
    untilMs: until_ms,
  };
}

function checkId(id: string): void {
  if (!isIdentifier(id)) throw new InvalidUserError(describeBadIdentifier("the id of a user or a session", id));
}
