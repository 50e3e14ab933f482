import { obstacleTo } from "../agreement/outgoing.ts";
import type { Member } from "../agreement/ring-member.ts";
import { type Seat, seatOf } from "../agreement/ring-table.ts";
import type { Position } from "../agreement/position.ts";
import { isKept, mayCarryOut } from "../agreement/serving.ts";
import { ownerOf } from "../agreement/slot-map.ts";
import { KeptData } from "./kept-data.ts";

export interface SeatRightsOptions {
  readonly member: () => Member;
  readonly monotonicMs: () => number;
  /** This node's data at present, as the primary of its place; undefined while it is none. */
  readonly position: () => Position | undefined;
}

/** What this node knows of the ring's places, and what it may do as the primary of one. */
export class SeatRights {
  readonly kept: KeptData;
  readonly #member: () => Member;
  readonly #monotonicMs: () => number;

  constructor({ member, monotonicMs, position }: SeatRightsOptions) {
    this.#member = member;
    this.#monotonicMs = monotonicMs;
    this.kept = new KeptData({ position, isKept: (kept) => isKept(member(), kept, monotonicMs()) });
  }

  /** The place of this node, and its epoch, while it may carry out requests as its primary. */
  get serving(): { readonly seat: string; readonly epoch: number } | undefined {
    const member = this.#member();
    const { committed, self, serving } = member;
    const seat = committed === undefined ? undefined : seatOf(committed, self)?.name;
    if (seat === undefined || serving === undefined || !mayCarryOut(member, this.#monotonicMs())) return undefined;
    return { seat, epoch: serving.epoch };
  }

  /** Why a write across places may not be prepared for these slots. */
  obstacleTo(slots: readonly number[]): "busy" | "elsewhere" | undefined {
    return obstacleTo(this.#member(), slots);
  }

  /** Whether a slot belongs to this node's place, by the newest table. */
  owns(slot: number): boolean {
    return this.seatOfSlot(slot) === seatOf(this.#member().committed!, this.#member().self)?.name;
  }

  isInRing(seat: string): boolean {
    return this.#seat(seat) !== undefined;
  }

  primaryOf(seat: string): string | undefined {
    return this.#seat(seat)?.primary.node;
  }

  seatOfSlot(slot: number): string | undefined {
    const map = this.#member().committed?.slots;
    return map === undefined ? undefined : ownerOf(map, slot);
  }

  #seat(name: string): Seat | undefined {
    return this.#member().committed?.seats.find((seat) => seat.name === name);
  }
}
