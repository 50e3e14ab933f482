import type { Reservation } from "../contract/reservations.ts";
import { isFinal, type ReservationReading } from "./reservation-reader.ts";
import { pause } from "../time/pause.ts";
import type { Settings } from "../settings/settings.ts";

export interface ReservationWatchersOptions {
  readonly maxListeners: number;
  /** Streams of one user at a time: one for each page that is open, with some to spare. */
  readonly maxPerUser: number;
  /** The first and the longest pause between two reads, in milliseconds. Each pause is twice the one before. */
  readonly minPauseMs: number;
  readonly maxPauseMs: number;
  /** A stream ends after this time. Browsers reconnect by themselves. */
  readonly maxWatchMs: number;
  readonly elapsedMs: () => number;
}

/** One who wants to be told of changes. */
interface Watching {
  readonly userId: string;
  /** Whether the session is over by which the user watches. */
  readonly isRevoked: () => boolean;
  readonly first: Reservation;
  readonly look: () => Promise<ReservationReading>;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

/** Streams of server-sent events about reservations, limited in their number and in their duration. */
export class ReservationWatchers {
  readonly #options: ReservationWatchersOptions;
  /** Each ends one stream, and has the question after which it is to end. */
  readonly #stops = new Map<() => void, Watching["isRevoked"]>();
  readonly #byUser = new Map<string, number>();

  constructor(options: ReservationWatchersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#stops.size;
  }

  /** Undefined if the limit of listeners, or that of the user's, is reached. */
  watch({ userId, isRevoked, first, look, signal }: Watching): ReadableStream<Uint8Array> | undefined {
    const own = this.#byUser.get(userId) ?? 0;
    if (this.#stops.size >= this.#options.maxListeners || own >= this.#options.maxPerUser) return undefined;
    const ended = new AbortController();
    const stop = (): void => {
      if (this.#stops.delete(stop)) this.#countOne(userId, -1);
      ended.abort();
    };
    this.#stops.set(stop, isRevoked);
    this.#countOne(userId, 1);
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

  #countOne(userId: string, change: 1 | -1): void {
    const count = (this.#byUser.get(userId) ?? 0) + change;
    if (count === 0) this.#byUser.delete(userId);
    else this.#byUser.set(userId, count);
  }

  /** Ends all streams. A shutdown would otherwise wait for them. */
  stopAll(): void {
    for (const stop of this.#stops.keys()) stop();
  }

  /** Ends the streams of sessions that are over. */
  stopRevoked(): void {
    for (const [stop, isRevoked] of this.#stops) if (isRevoked()) stop();
  }

  async #follow(
    first: Reservation,
    look: () => Promise<ReservationReading>,
    controller: ReadableStreamDefaultController<Uint8Array>,
    ended: AbortSignal,
  ): Promise<void> {
    const { minPauseMs, maxPauseMs, maxWatchMs, elapsedMs } = this.#options;
    const endsAtMs = elapsedMs() + maxWatchMs;
    let told = first;
    for (
      let pauseMs = minPauseMs;
      !isFinal(told.status) && elapsedMs() < endsAtMs;
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

interface WatcherParts {
  readonly settings: Settings;
  readonly elapsedMs: () => number;
}

export function openWatchers({ settings: { limits }, elapsedMs }: WatcherParts): ReservationWatchers {
  return new ReservationWatchers({
    maxListeners: limits.event_listeners,
    maxPerUser: limits.event_listeners_per_user,
    minPauseMs: 100,
    maxPauseMs: 1_000,
    maxWatchMs: 120_000,
    elapsedMs,
  });
}
