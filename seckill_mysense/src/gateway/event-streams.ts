import { pause } from "../time/pause.ts";
import { PlacesPerKey } from "./places-per-key.ts";
import type { Settings } from "../settings/settings.ts";

export interface EventStreamsOptions {
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

/** One who wants to be told of changes of something. */
interface Watching<Told> {
  readonly userId: string;
  /** Whether the session is over by which the user watches. */
  readonly isRevoked: () => boolean;
  readonly first: Told;
  /** Undefined, or a rejection: nothing is known now, and the next look may succeed. */
  readonly look: () => Promise<Told | undefined>;
  readonly isNews: (told: Told, now: Told) => boolean;
  /** Looks are so far apart; without it they begin close together after each change. Milliseconds. */
  readonly everyMs?: number;
  /** Nothing more can be told. */
  readonly isFinal: (told: Told) => boolean;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

/** Streams of server-sent events, limited in their number and in their duration. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  /** Each ends one stream, and has the question after which it is to end. */
  readonly #stops = new Map<() => void, () => boolean>();
  readonly #perUser: PlacesPerKey;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
    this.#perUser = new PlacesPerKey(options.maxPerUser);
  }

  get count(): number {
    return this.#stops.size;
  }

  /** Undefined if the limit of listeners, or that of the user's, is reached. */
  watch<Told>(watching: Watching<Told>): ReadableStream<Uint8Array> | undefined {
    const { userId, isRevoked, first, signal } = watching;
    if (this.#stops.size >= this.#options.maxListeners || !this.#perUser.enter(userId)) return undefined;
    const ended = new AbortController();
    const stop = (): void => {
      if (this.#stops.delete(stop)) this.#perUser.leave(userId);
      ended.abort();
    };
    this.#stops.set(stop, isRevoked);
    signal.addEventListener("abort", stop, { once: true });
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(event(first));
        void this.#follow(watching, controller, ended.signal).finally(() => {
          stop();
          close(controller);
        });
      },
      cancel: stop,
    });
  }

  /** Ends all streams. A shutdown would otherwise wait for them. */
  stopAll(): void {
    for (const stop of this.#stops.keys()) stop();
  }

  /** Ends the streams of sessions that are over. */
  stopRevoked(): void {
    for (const [stop, isRevoked] of this.#stops) if (isRevoked()) stop();
  }

  async #follow<Told>(
    { first, look, isNews, everyMs, isFinal }: Watching<Told>,
    controller: ReadableStreamDefaultController<Uint8Array>,
    ended: AbortSignal,
  ): Promise<void> {
    const { minPauseMs, maxPauseMs, maxWatchMs, elapsedMs } = this.#options;
    const endsAtMs = elapsedMs() + maxWatchMs;
    let told = first;
    for (
      let pauseMs = minPauseMs;
      !isFinal(told) && elapsedMs() < endsAtMs;
      pauseMs = Math.min(pauseMs * 2, maxPauseMs)
    ) {
      await pause(everyMs ?? pauseMs, ended);
      if (ended.aborted) return;
      const now = await look().catch(() => undefined);
      if (ended.aborted) return;
      if (now === undefined || !isNews(told, now)) {
        controller.enqueue(heartbeat);
        continue;
      }
      told = now;
      controller.enqueue(event(told));
      pauseMs = minPauseMs;
    }
  }
}

const encoder = new TextEncoder();
/** A comment line from time to time, so that proxies do not close a stream without events. */
const heartbeat = encoder.encode(":\n\n");

function event(told: unknown): Uint8Array {
  return encoder.encode(`event: status\ndata: ${JSON.stringify(told)}\n\n`);
}

/** The answer to somebody who watches; undefined stands for somebody for whom there is no room. */
export function answerWith(
  stream: ReadableStream<Uint8Array> | undefined,
): Response | { readonly failure: "too_many_listeners"; readonly retryAfterSeconds: number } {
  if (stream === undefined) return { failure: "too_many_listeners", retryAfterSeconds: 1 };
  return new Response(stream, {
    // The last header asks nginx not to buffer the events.
    headers: { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" },
  });
}

function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close();
  } catch {
    // The client has already disconnected.
  }
}

interface StreamParts {
  readonly settings: Settings;
  readonly elapsedMs: () => number;
}

export function openEventStreams({ settings: { limits }, elapsedMs }: StreamParts): EventStreams {
  return new EventStreams({
    maxListeners: limits.event_listeners,
    maxPerUser: limits.event_listeners_per_user,
    minPauseMs: 100,
    maxPauseMs: 1_000,
    maxWatchMs: 120_000,
    elapsedMs,
  });
}
