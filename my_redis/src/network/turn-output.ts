import { ReplyWriter } from "../protocol/reply-writer.ts";

/** Where the replies of one client go. */
export interface ReplySink {
  /**
   * Sends bytes[start, end), or keeps what cannot be sent now: as a copy, unless `isGivenUp` says that the array is used
   * no more after all sinks have got their ranges of it.
   */
  send(bytes: Uint8Array<ArrayBuffer>, start: number, end: number, isGivenUp: boolean): void;
  /** What is sent from now on is the last before the end of the connection. */
  beforeEnd(): void;
  /** All that precedes the end of the connection has been sent or is kept: closes after it. */
  finish(): void;
  /** Closes at once: the replies will not come. */
  terminate(): void;
}

/**
 * The replies of one turn of the event loop, of all clients, in one buffer. Each client's share is a few ranges of it.
 * They are sent together, once the changes that they acknowledge are safe.
 */
export class TurnOutput {
  readonly writer = new ReplyWriter();
  #sinks: ReplySink[] = [];
  #ends: number[] = [];
  #ending: ReplySink[] = [];
  #current: ReplySink | undefined;
  #start = 0;

  get isEmpty(): boolean {
    return this.#sinks.length === 0 && this.writer.length === this.#start && this.#ending.length === 0;
  }

  get bytes(): number {
    return this.writer.length;
  }

  /** Further output belongs to this sink. Returns the sink that was written to before. */
  switchTo(sink: ReplySink | undefined): ReplySink | undefined {
    const before = this.#current;
    if (before === sink) return before;
    this.#closeRange();
    this.#current = sink;
    return before;
  }

  /** This sink gets what is written to it in this turn, and nothing more. */
  endAfterTurn(sink: ReplySink): void {
    this.#ending.push(sink);
  }

  #closeRange(): void {
    const end = this.writer.length;
    if (end > this.#start && this.#current !== undefined) {
      this.#sinks.push(this.#current);
      this.#ends.push(end);
      this.#start = end;
    }
  }

  /** Hands every sink its replies, and empties the buffer. Returns the number of ranges that were handed over. */
  send(): number {
    this.#closeRange();
    const handedOver = this.#sinks.length;
    const { bytes: buffer, isGivenUp } = this.writer;
    for (const sink of this.#ending) sink.beforeEnd();
    let start = 0;
    for (let index = 0; index < this.#sinks.length; index++) {
      const end = this.#ends[index] as number;
      (this.#sinks[index] as ReplySink).send(buffer, start, end, isGivenUp);
      start = end;
    }
    for (const sink of this.#ending) sink.finish();
    this.#startOver();
    return handedOver;
  }

  /** Drops the replies, and the connections that wait for them. */
  discard(): void {
    this.#closeRange();
    for (const sink of this.#sinks) sink.terminate();
    for (const sink of this.#ending) sink.terminate();
    this.#startOver();
  }

  #startOver(): void {
    this.#sinks.length = 0;
    this.#ends.length = 0;
    this.#ending.length = 0;
    this.#start = 0;
    this.#current = undefined;
    this.writer.clear();
  }
}
