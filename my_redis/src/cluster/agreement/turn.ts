import type { Durable } from "./durable.ts";
import type { Member, Moment, RingEffect } from "./ring-member.ts";
import type { RingMessage } from "./ring-message.ts";

/** One step of a member: a copy of its state that may be changed, and the effects so far. */
export class Turn {
  readonly member: Member;
  readonly nowMs: number;
  readonly chance: number;
  readonly effects: RingEffect[] = [];

  constructor(before: Member, { nowMs, chance }: Moment) {
    this.member = { ...before };
    this.nowMs = nowMs;
    this.chance = chance;
  }

  send(to: string, message: RingMessage): void {
    this.effects.push({ type: "send", to, message });
  }

  /** Sends a message that relies on what this node has promised: only when the disk has it. */
  sendOnceKept(to: string, message: RingMessage): void {
    const { member } = this;
    if (member.writes.length === 0) return this.send(to, message);
    member.answers = [...member.answers, { afterWrite: member.lastWrite, to, message }];
  }

  persist(change: Partial<Durable>): void {
    const { member, nowMs } = this;
    member.durable = { ...member.durable, ...change };
    member.lastWrite++;
    member.writes = [...member.writes, { number: member.lastWrite, durable: member.durable, sinceMs: nowMs }];
    this.effects.push({ type: "persist", write: member.lastWrite, durable: member.durable });
  }

  lease(untilMs: number): void {
    const { member } = this;
    if (untilMs <= member.leaseUntilMs) return;
    member.leaseUntilMs = untilMs;
    this.effects.push({ type: "lease", untilMs });
  }
}
