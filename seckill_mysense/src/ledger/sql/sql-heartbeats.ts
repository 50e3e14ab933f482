import { sql } from "kysely";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import { forgetHeartbeatAfterMs, type Beat, type Heartbeat, type LedgerHeartbeats } from "../heartbeats.ts";

export class SqlHeartbeats implements LedgerHeartbeats {
  readonly #database: RetryingDatabase;

  constructor(database: RetryingDatabase) {
    this.#database = database;
  }

  beat({ instance, role, host, startedAtMs, details }: Beat): Promise<void> {
    const now = sql<number>`${sql.raw(this.#database.dialect.nowMs)}`;
    return this.#database.read(async (database) => {
      const { numUpdatedRows } = await database
        .updateTable("heartbeats")
        .set({ seen_at_ms: now, details })
        .where("instance", "=", instance)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows > 0n) return;
      const row = { instance, role, host, started_at_ms: startedAtMs, seen_at_ms: now, details };
      await database.insertInto("heartbeats").values(row).execute();
      // Only a process that starts cleans up: rows become many through many starts alone.
      await database
        .deleteFrom("heartbeats")
        .where(sql<boolean>`seen_at_ms < ${now} - ${forgetHeartbeatAfterMs}`)
        .execute();
    });
  }

  async read(): Promise<Heartbeat[]> {
    const age = sql<number>`${sql.raw(this.#database.dialect.nowMs)} - seen_at_ms`;
    const rows = await this.#database.read((database) =>
      database.selectFrom("heartbeats").selectAll().select(age.as("age_ms")).orderBy("instance").execute(),
    );
    const beats = rows.map((row) => ({
      instance: row.instance,
      role: row.role,
      host: row.host,
      startedAtMs: row.started_at_ms,
      details: row.details,
      ageMs: row.age_ms,
    }));
    return beats.filter(({ ageMs }) => ageMs < forgetHeartbeatAfterMs);
  }

  async leave(instance: string): Promise<void> {
    await this.#database.read((database) =>
      database.deleteFrom("heartbeats").where("instance", "=", instance).execute(),
    );
  }
}
