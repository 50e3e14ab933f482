import type { Attributes } from "@opentelemetry/api";
import type { ReservationRequest, ReserveOutcome } from "../domain/reservation.ts";
import { GateUnavailable } from "../gate/gate-errors.ts";
import type { Gate } from "../gate/gate.ts";
import { activeTraceparent, traceCall } from "../tracing/tracing.ts";

/** `busy`: the gate was certainly not asked. `unknown`: it was, and what it did is not known. */
export type GateAnswer = ReserveOutcome | { readonly kind: "busy" } | { readonly kind: "unknown" };

export interface GateCallsOptions {
  readonly maxConcurrent: number;
  /** Pauses before each further attempt, in milliseconds; their number is the number of retries. */
  readonly retryPausesMs: readonly number[];
}

/**
 * Asks the gate, at most so many at a time. An unknown outcome is never compensated: the same reservation is asked for
 * again, which takes one unit at most.
 */
export class GateCalls {
  readonly #gate: Gate;
  readonly #options: GateCallsOptions;
  #running = 0;

  constructor(gate: Gate, options: GateCallsOptions) {
    this.#gate = gate;
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  /** `minEpoch` is the ledger's: a gate that fell back to older state then answers that it is closed. */
  async reserve(request: ReservationRequest, minEpoch: number): Promise<GateAnswer> {
    if (this.#running >= this.#options.maxConcurrent) return { kind: "busy" };
    this.#running++;
    try {
      return await traceCall("gate reserve", describe, () =>
        this.#attempt({ ...request, traceparent: activeTraceparent() }, minEpoch),
      );
    } finally {
      this.#running--;
    }
  }

  async #attempt(request: ReservationRequest, minEpoch: number): Promise<GateAnswer> {
    let reached = false;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#gate.reserve(request, { minEpoch });
      } catch (error) {
        reached ||= !(error instanceof GateUnavailable);
      }
      // Where nothing can have happened, the client is the one to wait: a retry here would only hold a place.
      if (!reached) return { kind: "busy" };
      const pauseMs = this.#options.retryPausesMs[attempt];
      if (pauseMs === undefined) return { kind: "unknown" };
      await Bun.sleep(pauseMs);
    }
  }
}

function describe({ kind }: GateAnswer): Attributes {
  return { "seckill.outcome": kind };
}
