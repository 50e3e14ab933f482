import type { Selectable } from "kysely";
import type { Clock } from "../../time/clock.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { InvitationCodeRow } from "../database/schema.ts";
import {
  type CodeOutcome,
  type CodeRequest,
  type CodeUse,
  type LedgerInvitationCodes,
  maxCodesAtOnce,
  maxCodesOfSale,
  type RecordedCode,
  type RevokeOutcome,
} from "../invitation-codes.ts";
import { InvalidSaleError } from "../ledger-errors.ts";
import { CallBatcher } from "./call-batcher.ts";

/** Most rows of one INSERT. */
const maxInserted = 500;

interface Guest {
  readonly saleId: string;
  readonly userId: string;
}

export class SqlInvitationCodes implements LedgerInvitationCodes {
  readonly #database: RetryingDatabase;
  readonly #now: Clock["now"];
  readonly #questions = new CallBatcher<Guest, boolean>({
    name: "questions for invited users",
    run: (guests) => this.#areInvited(guests),
    ...{ maxBatch: 200, maxRunning: 2, maxWaiting: 50_000 },
  });

  constructor(database: RetryingDatabase, now: Clock["now"]) {
    this.#database = database;
    this.#now = now;
  }

  async key(saleId: string): Promise<Uint8Array | undefined> {
    const row = await this.#database.read((database) =>
      database.selectFrom("sales").select("code_key").where("id", "=", saleId).executeTakeFirst(),
    );
    return row?.code_key ?? undefined;
  }

  make({ saleId, nameKeys, actor }: CodeRequest): Promise<{ readonly key: Uint8Array; readonly first: number }> {
    const count = nameKeys.length;
    return this.#database.write(async (transaction) => {
      const sale = await lockSale(transaction, saleId, this.#database.dialect);
      if (sale?.invited_only !== 1 || sale.code_key === null) {
        throw new InvalidSaleError(`sale ${saleId}: there is no such sale, or it is not for invited users only`);
      }
      const { last } = await transaction
        .selectFrom("invitation_codes")
        .select(({ fn }) => fn.max("number").as("last"))
        .where("sale_id", "=", saleId)
        .executeTakeFirstOrThrow();
      const first = (last ?? 0) + 1;
      const left = Math.min(maxCodesAtOnce, maxCodesOfSale - first + 1);
      if (count < 1 || count > left) {
        throw new InvalidSaleError(`sale ${saleId}: ${count} codes are wanted, not from 1 to ${left}`);
      }
      const nowMs = this.#now();
      const rows = nameKeys.map((nameKey, index) => {
        return { sale_id: saleId, number: first + index, name_key: nameKey ?? null, made_at_ms: nowMs };
      });
      for (let start = 0; start < count; start += maxInserted) {
        await transaction
          .insertInto("invitation_codes")
          .values(rows.slice(start, start + maxInserted))
          .execute();
      }
      await this.#log(transaction, { ...sale, action: "codes made", actor, what: { first, count } });
      return { key: sale.code_key, first };
    });
  }

  use({ saleId, number, userId }: CodeUse): Promise<CodeOutcome> {
    return this.#database.write(async (transaction) => {
      const code = await this.#lockCode(transaction, saleId, number);
      if (code === undefined) return "unknown";
      if (code.revoked_at_ms !== null) return "revoked";
      if (code.user_id !== null) return code.user_id === userId ? "already" : "taken";
      const before = await transaction
        .selectFrom("invitation_codes")
        .select("number")
        .where("sale_id", "=", saleId)
        .where("user_id", "=", userId)
        .where("in_force", "=", 1)
        .executeTakeFirst();
      if (before !== undefined) return "already";
      // Of two codes that one user hands in at once, the unique key lets one in; the other transaction is repeated.
      await transaction
        .updateTable("invitation_codes")
        .set({ user_id: userId, used_at_ms: this.#now(), in_force: 1 })
        .where("sale_id", "=", saleId)
        .where("number", "=", number)
        .execute();
      return "used";
    });
  }

  isInvited(saleId: string, userId: string): Promise<boolean> {
    return this.#questions.call({ saleId, userId });
  }

  revoke(saleId: string, number: number, actor: string): Promise<RevokeOutcome> {
    return this.#database.write(async (transaction) => {
      const sale = await lockSale(transaction, saleId, this.#database.dialect);
      const code = await this.#lockCode(transaction, saleId, number);
      if (sale === undefined || code === undefined) return { kind: "unknown" };
      const userId = code.user_id ?? undefined;
      if (code.revoked_at_ms !== null) return { kind: "revoked", userId };
      await transaction
        .updateTable("invitation_codes")
        .set({ revoked_at_ms: this.#now(), in_force: null })
        .where("sale_id", "=", saleId)
        .where("number", "=", number)
        .execute();
      await this.#log(transaction, { ...sale, action: "code revoked", actor, what: { number } });
      return { kind: "revoked", userId };
    });
  }

  async list(saleId: string, afterNumber: number, limit: number): Promise<RecordedCode[]> {
    const rows = await this.#database.read((database) =>
      database
        .selectFrom("invitation_codes")
        .selectAll()
        .where("sale_id", "=", saleId)
        .where("number", ">", afterNumber)
        .orderBy("number")
        .limit(limit)
        .execute(),
    );
    return rows.map(toCode);
  }

  #lockCode(transaction: LedgerTransaction, saleId: string, number: number) {
    return transaction
      .selectFrom("invitation_codes")
      .selectAll()
      .where("sale_id", "=", saleId)
      .where("number", "=", number)
      .$if(this.#database.dialect.locksRows, (query) => query.forUpdate())
      .executeTakeFirst();
  }

  #areInvited(guests: readonly Guest[]): Promise<boolean[]> {
    return this.#database.read(async (database) => {
      const invited = new Set<string>();
      for (const [saleId, some] of Map.groupBy(guests, (guest) => guest.saleId)) {
        const rows = await database
          .selectFrom("invitation_codes")
          .select("user_id")
          .where("sale_id", "=", saleId)
          .where("user_id", "in", [...new Set(some.map(({ userId }) => userId))])
          .where("in_force", "=", 1)
          .execute();
        for (const { user_id } of rows) invited.add(`${saleId}/${user_id}`);
      }
      return guests.map(({ saleId, userId }) => invited.has(`${saleId}/${userId}`));
    });
  }

  /** The sale keeps its version: what buyers see of it has not changed. */
  async #log(transaction: LedgerTransaction, { id, version, action, actor, what }: CodeChange): Promise<void> {
    const stamp = { sale_id: id, product_id: null, version, action, actor: actor.slice(0, 200), at_ms: this.#now() };
    await transaction
      .insertInto("sale_changes")
      .values({ ...stamp, change_id: null, before_change: null, after_change: JSON.stringify(what) })
      .execute();
  }
}

interface CodeChange {
  readonly id: string;
  readonly version: number;
  readonly action: string;
  readonly actor: string;
  readonly what: object;
}

function lockSale(transaction: LedgerTransaction, saleId: string, { locksRows }: { readonly locksRows: boolean }) {
  return transaction
    .selectFrom("sales")
    .select(["id", "version", "invited_only", "code_key"])
    .where("id", "=", saleId)
    .$if(locksRows, (query) => query.forUpdate())
    .executeTakeFirst();
}

function toCode(row: Selectable<InvitationCodeRow>): RecordedCode {
  return {
    number: row.number,
    nameKey: row.name_key ?? undefined,
    userId: row.user_id ?? undefined,
    usedAtMs: row.used_at_ms ?? undefined,
    revokedAtMs: row.revoked_at_ms ?? undefined,
  };
}
