/** An operator's word is repeated for so many node timeouts, until the leader has carried it out. */
const wordTimeouts = 4;

export interface OperatorWordOptions {
  readonly monotonicMs: () => number;
  readonly nodeTimeoutMs: number;
  /** Whether this node serves its place by now. */
  readonly isDone: () => boolean;
  /** Tells the leader. */
  readonly say: () => void;
}

/** An operator wants this node to serve its place with whatever it has. */
export class OperatorWord {
  readonly #options: OperatorWordOptions;
  #untilMs = 0;

  constructor(options: OperatorWordOptions) {
    this.#options = options;
  }

  give(): void {
    const { monotonicMs, nodeTimeoutMs } = this.#options;
    this.#untilMs = monotonicMs() + wordTimeouts * nodeTimeoutMs;
    this.repeat();
  }

  /** To be called at each heartbeat: the leader does it only when it has nothing else under way. */
  repeat(): void {
    if (this.#untilMs === 0) return;
    const { isDone, monotonicMs, say } = this.#options;
    if (isDone() || monotonicMs() > this.#untilMs) this.#untilMs = 0;
    else say();
  }
}
