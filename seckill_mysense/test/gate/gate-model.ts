import type { StockReturn } from "../../src/domain/order.ts";
import type { ReservationRequest } from "../../src/domain/reservation.ts";

/** A simple model of the gate's answers, for one product whose sale is running. */
export class GateModel {
  epoch = 0;
  available = 0;
  open = false;
  /** Reservation ids in the outbox, oldest first. */
  outbox: string[] = [];
  readonly #holders = new Map<string, string[]>();
  readonly #returned = new Set<string>();
  readonly #total: number;
  readonly #limitPerUser: number;

  constructor({ total, limitPerUser }: { total: number; limitPerUser: number }) {
    this.#total = total;
    this.#limitPerUser = limitPerUser;
  }

  arm(epoch: number, available: number): "armed" | "already_armed" | "refused" {
    if (epoch === this.epoch) return "already_armed";
    if (epoch < this.epoch || this.outbox.length > 0) return "refused";
    Object.assign(this, { epoch, available, open: true });
    return "armed";
  }

  shut(): void {
    this.open = false;
  }

  /** The kind of answer, and for a replay the reservation that it names. */
  reserve({ userId, reservationId }: ReservationRequest): string {
    if (this.epoch === 0 || !this.open) return "closed";
    const held = this.#holders.get(userId) ?? [];
    if (held.includes(reservationId) || this.#returned.has(reservationId)) return `replay ${reservationId}`;
    if (held.length >= this.#limitPerUser) return `replay ${held.at(-1)}`;
    if (this.available === 0) return "sold_out";
    this.available -= 1;
    this.#holders.set(userId, [...held, reservationId]);
    this.outbox.push(reservationId);
    return "accepted";
  }

  giveBack({ userId, reservationId, epoch }: StockReturn): "returned" | "ignored" {
    if (this.epoch === 0) return "ignored";
    const held = this.#holders.get(userId) ?? [];
    this.#holders.set(
      userId,
      held.filter((id) => id !== reservationId),
    );
    if (this.#returned.has(reservationId)) return "ignored";
    this.#returned.add(reservationId);
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
