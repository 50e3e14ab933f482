import type { Attributes } from "@opentelemetry/api";
import type { ReservationRequest, ReserveOutcome } from "../domain/reservation.ts";
import { GateUnavailable } from "../gate/gate-errors.ts";
import type { Gate, ReserveOptions } from "../gate/gate.ts";
import { activeTraceparent, isTracing, traceCall } from "../tracing/tracing.ts";

/**
 * `busy`: the gate certainly did nothing. `unknown`: the gate was asked, and whether it reserved a unit is not known.
 */
export type GateAnswer = ReserveOutcome | { readonly kind: "busy" } | { readonly kind: "unknown" };

/** What a gateway has asked of the gate. */
export interface GateLoad {
  readonly calls: number;
  /** Calls whose outcome is unknown, and those that did not reach the gate or were too many. */
  readonly failed: number;
  /** How long all calls took together. */
  readonly waitedMs: number;
}

export interface GateCallsOptions {
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
  readonly maxConcurrent: number;
  /** The pause before each retry, in milliseconds. There are as many retries as pauses. */
  readonly retryPausesMs: readonly number[];
}

/**
 * Asks the gate, with a limit on concurrent calls. An unknown outcome is never compensated. The same reservation is
 * requested again instead, which takes at most one unit.
 */
export class GateCalls {
  readonly #gate: Gate;
  readonly #options: GateCallsOptions;
  #running = 0;
  #calls = 0;
  #failed = 0;
  #waitedMs = 0;

  constructor(gate: Gate, options: GateCallsOptions) {
    this.#gate = gate;
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  /** Since the start. */
  get load(): GateLoad {
    return { calls: this.#calls, failed: this.#failed, waitedMs: this.#waitedMs };
  }

  /** A gate that fell back to an older state than the caller knows answers `closed`. */
  reserve(request: ReservationRequest, known: Required<ReserveOptions>): Promise<GateAnswer> {
    this.#calls++;
    if (this.#running >= this.#options.maxConcurrent) return Promise.resolve(this.#fail("busy"));
    if (!isTracing) return this.#attempt(request, known);
    return traceCall("gate reserve", describe, () =>
      this.#attempt({ ...request, traceparent: activeTraceparent() }, known),
    );
  }

  async #attempt(request: ReservationRequest, known: Required<ReserveOptions>): Promise<GateAnswer> {
    const { elapsedMs } = this.#options;
    const sentMs = elapsedMs();
    let reached = false;
    this.#running++;
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          return await this.#gate.reserve(request, known);
        } catch (error) {
          reached ||= !(error instanceof GateUnavailable);
        }
        // Nothing can have happened, so the client may retry later. A retry here would only occupy one of the concurrent
        // calls.
        if (!reached) return this.#fail("busy");
        const pauseMs = this.#options.retryPausesMs[attempt];
        if (pauseMs === undefined) return this.#fail("unknown");
        await Bun.sleep(pauseMs);
      }
    } finally {
      this.#running--;
      this.#waitedMs += elapsedMs() - sentMs;
    }
  }

  #fail(kind: "busy" | "unknown"): GateAnswer {
    this.#failed++;
    return { kind };
  }
}

function describe({ kind }: GateAnswer): Attributes {
  return { "seckill.outcome": kind };
}
