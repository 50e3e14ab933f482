import type { StockReturn } from "../../src/domain/order.ts";
import type { ReservationRequest } from "../../src/domain/reservation.ts";

/** A simple model of the gate's answers, for one product whose sale is running. */
export class GateModel {
  epoch = 1;
  available: number;
  open = true;
  /** Reservation ids in the outbox, oldest first. */
  outbox: string[] = [];
  readonly #holders = new Map<string, { readonly id: string; readonly units: number }[]>();
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

  /** The kind of answer, and for a replay the reservation that it names, or how many units are left. */
  reserve({ userId, reservationId, quantity: units = 1 }: ReservationRequest): string {
    if (!this.open) return "closed";
    const held = this.#holders.get(userId) ?? [];
    const own = held.find(({ id }) => id === reservationId);
    if (own !== undefined) return `replay ${own.units} ${reservationId}`;
    if (this.#returned.has(reservationId)) return `replay 1 ${reservationId}`;
    const count = held.reduce((sum, one) => sum + one.units, 0);
    if (count >= this.#limitPerUser) return `replay ${held.at(-1)!.units} ${held.at(-1)!.id}`;
    if (count + units > this.#limitPerUser) return `over_limit ${this.#limitPerUser - count}`;
    if (this.available < units) return `sold_out ${this.available}`;
    this.available -= units;
    this.#holders.set(userId, [...held, { id: reservationId, units }]);
    this.outbox.push(reservationId);
    return "accepted";
  }

  giveBack({ userId, reservationId, epoch, quantity = 1 }: StockReturn): "returned" | "ignored" | "closed" {
    if (!this.open || epoch > this.epoch) return "closed";
    const held = this.#holders.get(userId) ?? [];
    this.#holders.set(
      userId,
      held.filter(({ id }) => id !== reservationId),
    );
    if ((this.#returned.get(reservationId) ?? 0) >= epoch) return "ignored";
    this.#returned.set(reservationId, epoch);
    const units = Math.min(quantity, this.#total - this.available);
    if (epoch !== this.epoch || units < 1) return "ignored";
    this.available += units;
    return "returned";
  }

  holds(userId: string, reservationId: string): boolean {
    return (this.#holders.get(userId) ?? []).some(({ id }) => id === reservationId);
  }

  takeOutbox(limit: number): string[] {
    return this.outbox.splice(0, limit);
  }
}
