import type { Environment } from "../environment.ts";

/**
 * The clocks of the turn. They are read once a turn, and again after a command that may have taken long, since reading
 * them costs as much as a short command.
 */
export class TurnClock {
  /** Unix milliseconds: for moments. An operator or the network may set this clock, forward or back. */
  nowMs: number;
  /** Milliseconds of a clock that nobody sets: for durations. */
  monotonicMs: number;
  readonly #environment: Pick<Environment, "nowMs" | "monotonicMs">;
  readonly #apartMs: number;

  constructor(environment: Pick<Environment, "nowMs" | "monotonicMs">) {
    this.#environment = environment;
    this.nowMs = environment.nowMs();
    this.monotonicMs = environment.monotonicMs();
    this.#apartMs = this.nowMs - this.monotonicMs;
  }

  /** Unix milliseconds as they would be if nobody had set the clock since the start: for ages that look like moments. */
  get steadyMs(): number {
    return this.monotonicMs + this.#apartMs;
  }

  update(): void {
    this.nowMs = this.#environment.nowMs();
    this.monotonicMs = this.#environment.monotonicMs();
  }

  /** Sets the wall clock to a moment of the past, because time stands still for the commands of one script. */
  setTo(nowMs: number): void {
    this.nowMs = nowMs;
  }
}
