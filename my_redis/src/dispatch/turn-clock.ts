/**
 * The clock of the turn. It is read once a turn, and again after a command that may have taken long, since reading it
 * costs as much as a short command.
 */
export class TurnClock {
  /** Unix milliseconds. */
  nowMs: number;
  readonly #read: () => number;

  constructor(read: () => number) {
    this.#read = read;
    this.nowMs = read();
  }

  update(): void {
    this.nowMs = this.#read();
  }

  /** Sets the clock to a moment of the past, because time stands still for the commands of one script. */
  setTo(nowMs: number): void {
    this.nowMs = nowMs;
  }
}
