import type { Environment } from "../../environment.ts";

const pauseMs = 10_000;

/** Warnings of one kind that anybody can cause: one line of the log in ten seconds, with the number of the others. */
export class RareWarnings {
  readonly #environment: Pick<Environment, "monotonicMs" | "report">;
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  #unlogged = 0;

  constructor(environment: Pick<Environment, "monotonicMs" | "report">) {
    this.#environment = environment;
  }

  warn(message: string): void {
    const nowMs = this.#environment.monotonicMs();
    if (nowMs - this.#loggedAtMs < pauseMs) {
      this.#unlogged++;
      return;
    }
    const others = this.#unlogged === 0 ? "" : ` (${this.#unlogged} others since the last such message)`;
    this.#environment.report("warning", `${message}${others}`);
    this.#loggedAtMs = nowMs;
    this.#unlogged = 0;
  }
}
