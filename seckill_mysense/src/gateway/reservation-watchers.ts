import type { Reservation } from "../contract/reservations.ts";
import { isFinal, type ReservationReading } from "./reservation-reader.ts";
import { pause } from "../time/pause.ts";

export interface ReservationWatchersOptions {
  readonly maxListeners: number;
  /** The first and the longest pause between two reads, in milliseconds. Each pause is twice the one before. */
  readonly minPauseMs: number;
  readonly maxPauseMs: number;
  /** A stream ends after this time. Browsers reconnect by themselves. */
  readonly maxWatchMs: number;
  readonly now: () => number;
}

/** Streams of server-sent events about reservations, limited in their number and in their duration. */
export class ReservationWatchers {
  readonly #options: ReservationWatchersOptions;
  readonly #stops = new Set<() => void>();

  constructor(options: ReservationWatchersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#stops.size;
  }

  /** Undefined if the limit of listeners is reached. */
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

  /** Ends all streams. A shutdown would otherwise wait for them. */
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
      // A failed read sends nothing; the next read may succeed.
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
/** A comment line from time to time, so that proxies do not close a stream without events. */
const heartbeat = encoder.encode(":\n\n");

function event(reservation: Reservation): Uint8Array {
  return encoder.encode(`event: status\ndata: ${JSON.stringify(reservation)}\n\n`);
}

function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close();
  } catch {
    // The client has already disconnected.
  }
}
