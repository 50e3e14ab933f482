import { ReplyWriter } from "../protocol/reply-writer.ts";

/** An estimate of what the parked replies of a client in one turn take besides their bytes. */
const rangeBytes = 256;

/** Where the replies of one client go. */
export interface ReplySink {
  /** Earlier replies wait for the log, or for replicas. */
  readonly isParked: boolean;
  /** So many bytes of replies wait for the log; less than 0 when they wait no more. */
  park(bytes: number): void;
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

/** Whose the ranges of some bytes are, one after the other. */
class Ranges {
  readonly sinks: ReplySink[] = [];
  readonly ends: number[] = [];
  readonly ending: ReplySink[] = [];

  /** Calls back for every range. */
  forEach(visit: (sink: ReplySink, start: number, end: number) => void): void {
    let start = 0;
    for (let index = 0; index < this.sinks.length; index++) {
      const end = this.ends[index] as number;
      visit(this.sinks[index] as ReplySink, start, end);
      start = end;
    }
  }

  /** Hands every sink its replies. Returns the number of ranges. */
  send(bytes: Uint8Array<ArrayBuffer>, isGivenUp: boolean): number {
    for (const sink of this.ending) sink.beforeEnd();
    this.forEach((sink, start, end) => sink.send(bytes, start, end, isGivenUp));
    for (const sink of this.ending) sink.finish();
    return this.sinks.length;
  }

  terminate(): void {
    for (const sink of this.sinks) sink.terminate();
    for (const sink of this.ending) sink.terminate();
  }

  clear(): void {
    this.sinks.length = 0;
    this.ends.length = 0;
    this.ending.length = 0;
  }
}

/**
 * Replies of a turn that wait until the log is safe, in no more memory than they need: while a disk is slow there may be
 * very many. They count as output of their clients.
 */
export class ParkedOutput {
  readonly #ranges: Ranges;
  readonly #content: Uint8Array<ArrayBuffer>;

  constructor(ranges: Ranges, content: Uint8Array<ArrayBuffer>) {
    this.#ranges = ranges;
    this.#content = content;
    ranges.forEach((sink, start, end) => sink.park(end - start + rangeBytes));
  }

  get bytes(): number {
    return this.#content.length;
  }

  send(): number {
    this.#unpark();
    return this.#ranges.send(this.#content, true);
  }

  /** Drops the replies, and the connections that wait for them. */
  discard(): void {
    this.#unpark();
    this.#ranges.terminate();
  }

  #unpark(): void {
    this.#ranges.forEach((sink, start, end) => sink.park(start - end - rangeBytes));
  }
}

/**
 * The replies of one turn of the event loop, of all clients, in one buffer. Each client's share is a few ranges of it.
 * They are sent together, once the changes that they acknowledge are safe.
 */
export class TurnOutput {
  readonly writer = new ReplyWriter();
  #ranges = new Ranges();
  #current: ReplySink | undefined;
  #start = 0;

  get isEmpty(): boolean {
    const { sinks, ending } = this.#ranges;
    return sinks.length === 0 && this.writer.length === this.#start && ending.length === 0;
  }

  get bytes(): number {
    return this.writer.length;
  }

  /** Earlier replies to one of the clients wait. */
  get isBehind(): boolean {
    this.#closeRange();
    const { sinks, ending } = this.#ranges;
    return sinks.some(({ isParked }) => isParked) || ending.some(({ isParked }) => isParked);
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
    this.#ranges.ending.push(sink);
  }

  #closeRange(): void {
    const end = this.writer.length;
    if (end > this.#start && this.#current !== undefined) {
      this.#ranges.sinks.push(this.#current);
      this.#ranges.ends.push(end);
      this.#start = end;
    }
  }

  /** Hands every sink its replies, and empties the buffer. Returns the number of ranges that were handed over. */
  send(): number {
    this.#closeRange();
    const handedOver = this.#ranges.send(this.writer.bytes, this.writer.isGivenUp);
    this.#ranges.clear();
    this.#startOver();
    return handedOver;
  }

  /** Takes the replies out, to be sent later. */
  park(): ParkedOutput {
    this.#closeRange();
    const parked = new ParkedOutput(this.#ranges, this.writer.take());
    this.#ranges = new Ranges();
    this.#startOver();
    return parked;
  }

  /** Drops the replies, and the connections that wait for them. */
  discard(): void {
    this.#closeRange();
    this.#ranges.terminate();
    this.#ranges.clear();
    this.#startOver();
  }

  #startOver(): void {
    this.#start = 0;
    this.#current = undefined;
    this.writer.clear();
  }
}
