import type { StockReturn } from "../../src/domain/order.ts";
import type { ReservationRequest } from "../../src/domain/reservation.ts";

/** A simple model of the gate's answers, for one product whose sale is running. */
export class GateModel {
  epoch = 1;
  available: number;
  open = true;
  /** Reservation ids in the outbox, oldest first. */
  outbox: string[] = [];
  readonly #holders = new Map<string, string[]>();
  readonly #returned = new Map<string, number>();
  readonly #total: number;
  readonly #limitPerUser: number;

  constructor({ total, limitPerUser }: { total: number; limitPerUser: number }) {
    this.available = total;
    this.#total = total;
    this.#limitPerUser = limitPerUser;
  }

  /** By a ledger that has no orders. */
  rebuild(available: number): "finished" {
    this.#holders.clear();
    this.#returned.clear();
    Object.assign(this, { epoch: this.epoch + 1, available, open: true });
    return "finished";
  }

  close(): "begun" {
    this.open = false;
    return "begun";
  }

  /** The kind of answer, and for a replay the reservation that it names. */
  reserve({ userId, reservationId }: ReservationRequest): string {
    if (!this.open) return "closed";
    const held = this.#holders.get(userId) ?? [];
    if (held.includes(reservationId) || this.#returned.has(reservationId)) return `replay ${reservationId}`;
    if (held.length >= this.#limitPerUser) return `replay ${held.at(-1)}`;
    if (this.available === 0) return "sold_out";
    this.available -= 1;
    this.#holders.set(userId, [...held, reservationId]);
    this.outbox.push(reservationId);
    return "accepted";
  }

  giveBack({ userId, reservationId, epoch }: StockReturn): "returned" | "ignored" | "closed" {
    if (!this.open || epoch > this.epoch) return "closed";
    const held = this.#holders.get(userId) ?? [];
    this.#holders.set(
      userId,
      held.filter((id) => id !== reservationId),
    );
    if ((this.#returned.get(reservationId) ?? 0) >= epoch) return "ignored";
    this.#returned.set(reservationId, epoch);
    if (epoch !== this.epoch || this.available >= this.#total) return "ignored";
    this.available += 1;
    return "returned";
  }

  holds(userId: string, reservationId: string): boolean {
    return (this.#holders.get(userId) ?? []).includes(reservationId);
  }

  takeOutbox(limit: number): string[] {
    return this.outbox.splice(0, limit);
  }
}
