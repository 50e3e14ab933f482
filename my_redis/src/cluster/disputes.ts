import { slotCount } from "hash-ring";
import { isSameView, type Members, type MemberView, ownersInView, viewText } from "./members.ts";

interface Dispute {
  readonly view: string;
  readonly slots: Uint8Array;
  /** On the monotonic clock. */
  saidAtMs: number;
}

/** How many nodes with another list are remembered. */
const maxDisputes = 1000;

/**
 * Nodes whose list of members differs from this node's, and the slots that have another owner by that list. Neither side
 * serves those slots: a key must not have two owners.
 */
export class Disputes {
  readonly #members: Members;
  readonly #warn: (message: string) => void;
  readonly #disputes = new Map<string, Dispute>();
  readonly #disputed = new Uint8Array(slotCount);
  #count = 0;

  constructor(members: Members, warn: (message: string) => void) {
    this.#members = members;
    this.#warn = warn;
  }

  /** Slots that are not served. */
  get count(): number {
    return this.#count;
  }

  has(slot: number): boolean {
    return this.#count > 0 && this.#disputed[slot] === 1;
  }

  /** Takes in the view that a node has sent. */
  compare(name: string, view: MemberView, nowMs: number): void {
    const known = this.#disputes.get(name);
    if (isSameView(view, this.#members.view)) {
      if (known === undefined) return;
      this.#disputes.delete(name);
      this.#warn(`node ${name} has the same members as this one again`);
    } else {
      const text = viewText(view);
      if (known?.view === text) {
        known.saidAtMs = nowMs;
        return;
      }
      if (this.#disputes.size >= maxDisputes) return;
      const slots = this.#slotsOf(view);
      this.#disputes.set(name, { view: text, slots, saidAtMs: nowMs });
      const count = slots.reduce((total, disputed) => total + disputed, 0);
      this.#warn(
        `node ${name} has other members: ${text} there, ${viewText(this.#members.view)} here; ` +
          `${count} hash slots have another owner there and are not served`,
      );
    }
    this.#sum();
  }

  /** Forgets nodes that are no members and have not been heard since `silentSinceMs`. */
  forgetStrangers(silentSinceMs: number): void {
    for (const [name, { saidAtMs }] of this.#disputes) {
      if (saidAtMs >= silentSinceMs || this.#members.has(name)) continue;
      this.#disputes.delete(name);
      this.#sum();
    }
  }

  #slotsOf(view: MemberView): Uint8Array {
    try {
      return Uint8Array.from(ownersInView(view), (name, slot) => (this.#members.isOwnedBy(slot, name) ? 0 : 1));
    } catch {
      // No ring can be made of this view, so every slot is in dispute.
      return new Uint8Array(slotCount).fill(1);
    }
  }

  #sum(): void {
    this.#disputed.fill(0);
    for (const { slots } of this.#disputes.values()) {
      for (let slot = 0; slot < slotCount; slot++) if (slots[slot] === 1) this.#disputed[slot] = 1;
    }
    this.#count = this.#disputed.reduce((total, disputed) => total + disputed, 0);
  }
}
