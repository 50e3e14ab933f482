import type { Environment } from "../environment.ts";

/** Lengths of a slice and of the pause after it. A client waits for one slice at most. */
export interface Pace {
  readonly sliceMs: number;
  readonly pauseMs: number;
}

interface Paces {
  /** While clients send requests. */
  readonly busy: Pace;
  /** While nobody has sent anything since the slice before. */
  readonly idle: Pace;
}

/** Beside clients, the work takes a quarter of the time at most. */
const usualPaces: Paces = { busy: { sliceMs: 0.03, pauseMs: 0.1 }, idle: { sliceMs: 0.3, pauseMs: 0 } };
const leastTimerMs = 1;
/** Limit on the turns of one pause, in case the clock stands still. */
const maxPauseTurns = 10_000;

export interface PacedServer {
  readonly environment: Pick<Environment, "monotonicMs">;
  readonly observers: { readonly statistics: { readonly commandsProcessed: number } };
}

/** The pace of long work that is done in slices between requests: short slices while clients are served. */
export class PacedSlices {
  readonly #server: PacedServer;
  readonly #paces: Paces;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nextTurn: ReturnType<typeof setImmediate> | undefined;
  // The pause: what follows it, when it ends, and the turns that it may still take.
  #slice: () => void = () => {};
  #untilMs = 0;
  #turnsLeft = 0;
  /** Commands that the server had run when the last slice began. */
  #commandsBefore = 0;

  constructor(server: PacedServer, paces = usualPaces) {
    this.#server = server;
    this.#paces = paces;
  }

  /** Runs the next slice after a pause. */
  next(slice: () => void): void {
    const { pauseMs } = this.#pace;
    if (pauseMs >= leastTimerMs) {
      this.#timer = setTimeout(slice, pauseMs);
      return;
    }
    this.#slice = slice;
    this.#untilMs = this.#server.environment.monotonicMs() + pauseMs;
    this.#turnsLeft = maxPauseTurns;
    this.#nextTurn = setImmediate(this.#turn);
  }

  /**
   * Lets turns pass until the time has come. A timer takes at least a millisecond, which would multiply the duration of
   * work with short pauses. There may be 100,000 turns in a second, hence one function for all of them.
   */
  readonly #turn = (): void => {
    if (this.#turnsLeft-- > 0 && this.#server.environment.monotonicMs() < this.#untilMs) {
      this.#nextTurn = setImmediate(this.#turn);
    } else this.#slice();
  };

  get #pace(): Pace {
    const { busy, idle } = this.#paces;
    return this.#server.observers.statistics.commandsProcessed === this.#commandsBefore ? idle : busy;
  }

  /** A slice begins. The result says when it has lasted long enough. */
  begin(): () => boolean {
    const { environment, observers } = this.#server;
    const startMs = environment.monotonicMs();
    const { sliceMs } = this.#pace;
    this.#commandsBefore = observers.statistics.commandsProcessed;
    return () => environment.monotonicMs() - startMs >= sliceMs;
  }

  /** No slice follows. */
  stop(): void {
    clearImmediate(this.#nextTurn);
    clearTimeout(this.#timer);
  }
}
