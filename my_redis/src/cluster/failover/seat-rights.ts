import { hasSlots, mayEnd, obstacleTo } from "../agreement/outgoing.ts";
import type { Member } from "../agreement/ring-member.ts";
import { type Seat, seatOf } from "../agreement/ring-table.ts";
import type { Position } from "../agreement/position.ts";
import { isKept, isReady, mayAnswer, mayCarryOut, mayCopy } from "../agreement/serving.ts";
import { ownerOf } from "../agreement/slot-map.ts";
import { KeptData } from "./kept-data.ts";

export interface SeatRightsOptions {
  readonly member: () => Member;
  readonly monotonicMs: () => number;
  /** How far this node's data is. */
  readonly offset: () => number;
}

/** What this node knows of the ring's places, and what it may do as the primary of one. */
export class SeatRights {
  readonly kept: KeptData;
  readonly #member: () => Member;
  readonly #monotonicMs: () => number;
  readonly #offset: () => number;

  constructor({ member, monotonicMs, offset }: SeatRightsOptions) {
    this.#member = member;
    this.#monotonicMs = monotonicMs;
    this.#offset = offset;
    this.kept = new KeptData({
      position: () => this.position,
      isKept: (kept) => isKept(member(), kept, monotonicMs()),
    });
  }

  get hasLease(): boolean {
    return this.#monotonicMs() < this.#member().leaseUntilMs;
  }

  /** It would serve, but its log does not know its epoch yet. */
  get lacksLogOnly(): boolean {
    return this.hasLease && !isReady(this.#member());
  }

  /** This node's data at present, as the primary of its place; undefined while it is none. */
  get position(): Position | undefined {
    const { serving } = this.#member();
    return serving === undefined ? undefined : { epoch: serving.epoch, offset: this.#offset() };
  }

  get mayCarryOut(): boolean {
    return mayCarryOut(this.#member(), this.#monotonicMs());
  }

  get mayCopy(): boolean {
    return mayCopy(this.#member(), this.#monotonicMs());
  }

  mayAnswer(position: Position): boolean {
    return mayAnswer(this.#member(), position, this.#monotonicMs());
  }

  /** The place of this node, and its epoch, while it may carry out requests as its primary. */
  get serving(): { readonly seat: string; readonly epoch: number } | undefined {
    const { committed, self, serving } = this.#member();
    const seat = committed === undefined ? undefined : seatOf(committed, self)?.name;
    if (seat === undefined || serving === undefined || !this.mayCarryOut) return undefined;
    return { seat, epoch: serving.epoch };
  }

  /** Why a write across places may not be prepared for these slots. */
  obstacleTo(slots: readonly number[]): "busy" | "elsewhere" | undefined {
    return obstacleTo(this.#member(), slots);
  }

  /** Whether what was prepared for a slot is to be carried out by this node's place. */
  mayEnd(slot: number): boolean {
    return mayEnd(this.#member(), slot);
  }

  /** Whether this node's place has slots, or has yet to give its last ones away. */
  get hasSlots(): boolean {
    return hasSlots(this.#member());
  }

  isInRing(seat: string): boolean {
    const known = this.#seat(seat);
    return known !== undefined && known.isGivenUp !== true;
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
