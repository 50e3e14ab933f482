import type { Environment } from "../../environment.ts";
import type { Durable } from "../agreement/durable.ts";
import type { Member, Moment, RingEffect, RingEvent } from "../agreement/ring-member.ts";
import type { Position } from "../agreement/ring-message.ts";
import type { RingTiming } from "../agreement/ring-timing.ts";
import { startMember, step, wakeAt } from "../agreement/step.ts";
import type { RingStateFile } from "./ring-state-file.ts";

export interface RingAgentOptions {
  readonly self: string;
  readonly timing: RingTiming;
  readonly environment: Pick<Environment, "monotonicMs" | "random">;
  readonly file: RingStateFile;
  readonly durable: Durable;
  readonly position: Position;
  /** Carries out what the agreement asks for; what concerns the disk is done here. */
  readonly carryOut: (effect: Exclude<RingEffect, { type: "persist" }>) => void;
  /** Something has happened to the member. */
  readonly changed: () => void;
  /** Runs what a timer or the disk has brought, as a turn of its own. */
  readonly inTurn: (work: () => void) => void;
}

const longestTimerMs = 2_147_483_647;

/** Runs this node's part in the agreement: gives it the time, and carries out what it asks for. */
export class RingAgent {
  readonly #options: RingAgentOptions;
  #member: Member;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wakesAtMs = Number.POSITIVE_INFINITY;
  #isStopped = false;

  constructor(options: RingAgentOptions) {
    this.#options = options;
    const { durable, position, self, timing } = options;
    this.#member = startMember({ self, timing, durable, position }, this.#moment());
  }

  get member(): Member {
    return this.#member;
  }

  start(): void {
    this.#wakeLater();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  take(event: RingEvent): void {
    if (this.#isStopped) return;
    const { member, effects } = step(this.#member, event, this.#moment());
    this.#member = member;
    for (const effect of effects) {
      if (effect.type === "persist") this.#persist(effect.durable, effect.write);
      else this.#options.carryOut(effect);
    }
    this.#wakeLater();
    this.#options.changed();
  }

  #persist(durable: Durable, write: number): void {
    const { file, inTurn } = this.#options;
    file.write(durable, () => inTurn(() => this.take({ type: "kept", write })));
  }

  #moment(): Moment {
    const { environment } = this.#options;
    return { nowMs: environment.monotonicMs(), chance: environment.random() };
  }

  #wakeLater(): void {
    const wakesAtMs = wakeAt(this.#member);
    if (wakesAtMs === this.#wakesAtMs || this.#isStopped) return;
    this.#wakesAtMs = wakesAtMs;
    clearTimeout(this.#timer);
    const leftMs = Math.ceil(wakesAtMs - this.#options.environment.monotonicMs());
    this.#timer = setTimeout(() => this.#wake(), Math.min(Math.max(leftMs, 1), longestTimerMs));
    this.#timer.unref();
  }

  #wake(): void {
    this.#wakesAtMs = Number.POSITIVE_INFINITY;
    this.#options.inTurn(() => this.take({ type: "woken" }));
  }
}
