import type { Reservation } from "../contract/reservations.ts";
import { isFinal, type ReservationReading } from "./reservation-reader.ts";
import { pause } from "../time/pause.ts";

export interface ReservationWatchersOptions {
  readonly maxListeners: number;
  /** First and longest pause between two looks, in milliseconds; it doubles in between. */
  readonly minPauseMs: number;
  readonly maxPauseMs: number;
  /** A stream ends after this long; browsers connect again by themselves. */
  readonly maxWatchMs: number;
  readonly now: () => number;
}

/** Streams of server-sent events about reservations: so many at a time, each for a bounded time. */
export class ReservationWatchers {
  readonly #options: ReservationWatchersOptions;
  readonly #stops = new Set<() => void>();

  constructor(options: ReservationWatchersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#stops.size;
  }

  /** Undefined when there are as many listeners as may be. */
  watch(
    first: Reservation,
    look: () => Promise<ReservationReading>,
    signal: AbortSignal,
  ): ReadableStream<Uint8Array> | undefined {
    if (this.#stops.size >= this.#options.maxListeners) return undefined;
    const ended = new AbortController();
    const stop = (): void => {
      this.#stops.delete(stop);
      ended.abort();
    };
    this.#stops.add(stop);
    signal.addEventListener("abort", stop, { once: true });
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(event(first));
        void this.#follow(first, look, controller, ended.signal).finally(() => {
          stop();
          close(controller);
        });
      },
      cancel: stop,
    });
  }

  /** Ends all streams: for a shutdown, which would otherwise wait for them. */
  stopAll(): void {
    for (const stop of this.#stops) stop();
  }

  async #follow(
    first: Reservation,
    look: () => Promise<ReservationReading>,
    controller: ReadableStreamDefaultController<Uint8Array>,
    ended: AbortSignal,
  ): Promise<void> {
    const { minPauseMs, maxPauseMs, maxWatchMs, now } = this.#options;
    const endsAtMs = now() + maxWatchMs;
    let told = first;
    for (
      let pauseMs = minPauseMs;
      !isFinal(told.status) && now() < endsAtMs;
      pauseMs = Math.min(pauseMs * 2, maxPauseMs)
    ) {
      await pause(pauseMs, ended);
      if (ended.aborted) return;
      // A look that fails tells nothing: the next one may.
      const reading = await look().catch(() => undefined);
      if (ended.aborted) return;
      if (reading === undefined || "failure" in reading || reading.ok.status === told.status) {
        controller.enqueue(heartbeat);
        continue;
      }
      told = reading.ok;
      controller.enqueue(event(told));
      pauseMs = minPauseMs;
    }
  }
}

const encoder = new TextEncoder();
/** Keeps proxies from taking a quiet stream for a dead one. */
const heartbeat = encoder.encode(":\n\n");

function event(reservation: Reservation): Uint8Array {
  return encoder.encode(`event: status\ndata: ${JSON.stringify(reservation)}\n\n`);
}

function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close();
  } catch {
    // The client has left already.
  }
}
