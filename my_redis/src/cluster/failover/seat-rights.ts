import { obstacleTo } from "../agreement/outgoing.ts";
import type { Member } from "../agreement/ring-member.ts";
import { seatOf } from "../agreement/ring-table.ts";
import { mayCarryOut } from "../agreement/serving.ts";
import { ownerOf } from "../agreement/slot-map.ts";

/** What this node knows of the ring's places, and what it may do as the primary of one. */
export class SeatRights {
  readonly #member: () => Member;
  readonly #monotonicMs: () => number;
  /** Calls back with true once all copies in sync have this node's data, or with false when its epoch is over. */
  readonly whenKept: (run: (isKept: boolean) => void) => void;

  constructor(member: () => Member, monotonicMs: () => number, whenKept: SeatRights["whenKept"]) {
    this.#member = member;
    this.#monotonicMs = monotonicMs;
    this.whenKept = whenKept;
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

  #seat(name: string) {
    return this.#member().committed?.seats.find((seat) => seat.name === name);
  }
}
