import type { Order, RejectionReason } from "../domain/order.ts";
import type { RetryingDatabase } from "./database/retrying-database.ts";
import type { LedgerAnswer } from "./ledger.ts";
import { toOrder } from "./rows.ts";

/** What the ledger tells buyers of their reservations. */
export class Answers {
  readonly #database: RetryingDatabase;

  constructor(database: RetryingDatabase) {
    this.#database = database;
  }

  async readOrder(reservationId: string): Promise<Order | undefined> {
    const row = await this.#database.read((database) =>
      database.selectFrom("orders").selectAll().where("reservation_id", "=", reservationId).executeTakeFirst(),
    );
    return row === undefined ? undefined : toOrder(row);
  }

  async readRejection(reservationId: string): Promise<RejectionReason | undefined> {
    const row = await this.#database.read((database) =>
      database.selectFrom("rejections").select("reason").where("reservation_id", "=", reservationId).executeTakeFirst(),
    );
    return row?.reason;
  }

  async readAnswers(reservationIds: readonly string[]): Promise<Map<string, LedgerAnswer>> {
    if (reservationIds.length === 0) return new Map();
    const answers = new Map<string, LedgerAnswer>();
    await this.#database.read(async (database) => {
      answers.clear();
      const orders = database.selectFrom("orders").selectAll().where("reservation_id", "in", reservationIds);
      for (const row of await orders.execute()) answers.set(row.reservation_id, { order: toOrder(row) });
      const rejections = database.selectFrom("rejections").selectAll().where("reservation_id", "in", reservationIds);
      for (const { reservation_id, reason } of await rejections.execute()) {
        answers.set(reservation_id, { ...answers.get(reservation_id), rejection: reason });
      }
    });
    return answers;
  }
}
