import { createHash } from "node:crypto";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { DeadLetterRow } from "../database/schema.ts";
import {
  type DeadLetter,
  type DeadLetterState,
  type LedgerDeadLetters,
  maxKeptBytes,
  maxWaitingLetters,
  type NewDeadLetter,
  type Settlement,
} from "../dead-letters.ts";

const maxDetail = 500;
const maxBy = 100;
const maxOutcome = 200;

export class SqlDeadLetters implements LedgerDeadLetters {
  readonly #database: RetryingDatabase;
  readonly #now: () => number;

  constructor(database: RetryingDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  keep(letter: NewDeadLetter): Promise<"kept" | "known" | "full"> {
    const id = createHash("sha256").update(letter.body).digest("hex").slice(0, 32);
    return this.#database.write(async (transaction) => {
      const known = await transaction.selectFrom("dead_letters").select("id").where("id", "=", id).executeTakeFirst();
      if (known !== undefined) return "known";
      const { waiting } = await transaction
        .selectFrom("dead_letters")
        .select(({ fn }) => fn.countAll().as("waiting"))
        .where("state", "=", "waiting")
        .executeTakeFirstOrThrow();
      if (Number(waiting) >= maxWaitingLetters) return "full";
      await transaction.insertInto("dead_letters").values(this.#rowOf(id, letter)).execute();
      return "kept";
    });
  }

  async list(state: DeadLetterState, limit: number): Promise<DeadLetter[]> {
    const rows = await this.#database.read((database) =>
      database
        .selectFrom("dead_letters")
        .selectAll()
        .where("state", "=", state)
        .orderBy("kept_at_ms")
        .orderBy("id")
        .limit(limit)
        .execute(),
    );
    return rows.map(toLetter);
  }

  async read(id: string): Promise<DeadLetter | undefined> {
    const row = await this.#database.read((database) =>
      database.selectFrom("dead_letters").selectAll().where("id", "=", id).executeTakeFirst(),
    );
    return row === undefined ? undefined : toLetter(row);
  }

  async countWaiting(): Promise<number> {
    const row = await this.#database.read((database) =>
      database
        .selectFrom("dead_letters")
        .select(({ fn }) => fn.countAll().as("waiting"))
        .where("state", "=", "waiting")
        .executeTakeFirstOrThrow(),
    );
    return Number(row.waiting);
  }

  async settle(id: string, { state, by, outcome }: Settlement): Promise<boolean> {
    const change = {
      state,
      settled_at_ms: this.#now(),
      settled_by: by.slice(0, maxBy),
      outcome: outcome.slice(0, maxOutcome),
    };
    const { numUpdatedRows } = await this.#database.read((database) =>
      database
        .updateTable("dead_letters")
        .set(change)
        .where("id", "=", id)
        .where("state", "=", "waiting")
        .executeTakeFirstOrThrow(),
    );
    return numUpdatedRows === 1n;
  }

  #rowOf(id: string, letter: NewDeadLetter): DeadLetterRow {
    return {
      id,
      reservation_id: letter.reservationId ?? null,
      product_id: letter.productId ?? null,
      user_id: letter.userId ?? null,
      reason: letter.reason,
      detail: letter.detail.slice(0, maxDetail),
      body: Buffer.from(letter.body.subarray(0, maxKeptBytes)),
      body_bytes: letter.body.byteLength,
      state: "waiting",
      kept_at_ms: this.#now(),
      settled_at_ms: null,
      settled_by: null,
      outcome: null,
    };
  }
}

function toLetter(row: DeadLetterRow): DeadLetter {
  return {
    id: row.id,
    reservationId: row.reservation_id ?? undefined,
    productId: row.product_id ?? undefined,
    userId: row.user_id ?? undefined,
    reason: row.reason,
    detail: row.detail,
    body: new Uint8Array(row.body),
    bodyBytes: row.body_bytes,
    state: row.state,
    keptAtMs: row.kept_at_ms,
    settledAtMs: row.settled_at_ms ?? undefined,
    settledBy: row.settled_by ?? undefined,
    outcome: row.outcome ?? undefined,
  };
}
