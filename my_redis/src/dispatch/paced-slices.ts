import type { Environment } from "../environment.ts";

/** Lengths of a slice and of the pause after it. A client waits for one slice at most. */
interface Pace {
  readonly sliceMs: number;
  readonly pauseMs: number;
}

/** While clients send requests. The work then takes a quarter of the time at most. */
const busyPace: Pace = { sliceMs: 0.03, pauseMs: 0.1 };
/** While nobody has sent anything since the slice before. */
const idlePace: Pace = { sliceMs: 0.3, pauseMs: 0 };
/** Limit on the turns of one pause, in case the clock stands still. */
const maxPauseTurns = 10_000;

export interface PacedServer {
  readonly environment: Pick<Environment, "monotonicMs">;
  readonly observers: { readonly statistics: { readonly commandsProcessed: number } };
}

/** The pace of long work that is done in slices between requests: short slices while clients are served. */
export class PacedSlices {
  readonly #server: PacedServer;
  #nextTurn: ReturnType<typeof setImmediate> | undefined;
  // The pause: what follows it, when it ends, and the turns that it may still take.
  #slice: () => void = () => {};
  #untilMs = 0;
  #turnsLeft = 0;
  /** Commands that the server had run when the last slice began. */
  #commandsBefore = 0;

  constructor(server: PacedServer) {
    this.#server = server;
  }

  /** Runs the next slice after a pause. */
  next(slice: () => void): void {
    this.#slice = slice;
    this.#untilMs = this.#server.environment.monotonicMs() + this.#pace.pauseMs;
    this.#turnsLeft = maxPauseTurns;
    this.#nextTurn = setImmediate(this.#turn);
  }

  /**
   * Lets turns pass until the time has come. A timer takes at least a millisecond, which would double the duration of
   * the whole work. There may be 100,000 turns in a second, hence one function for all of them.
   */
  readonly #turn = (): void => {
    if (this.#turnsLeft-- > 0 && this.#server.environment.monotonicMs() < this.#untilMs) {
      this.#nextTurn = setImmediate(this.#turn);
    } else this.#slice();
  };

  get #pace(): Pace {
    return this.#server.observers.statistics.commandsProcessed === this.#commandsBefore ? idlePace : busyPace;
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
  }
}
