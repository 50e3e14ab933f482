import { ReadableSockets } from "./libc-sockets.ts";
import { LoadConnection } from "./load-connection.ts";
import { type RequestKind, RequestMix } from "./request-mix.ts";
import { type Percentiles, Samples } from "./samples.ts";
import { SideClient, type Steps } from "./side-client.ts";

export interface LoadOptions {
  readonly port: number;
  /** Where the side client connects; the same port without. */
  readonly sidePort?: number | undefined;
  readonly connections: number;
  readonly seed: number;
  readonly kind: RequestKind;
}

export interface OpenLoopOptions {
  /** Requests per second, sent at even intervals whether the ones before are answered or not. */
  readonly rate: number;
  /** Runs for so long before anything is measured. */
  readonly warmMs: number;
  /** The measured time. */
  readonly leastMs: number;
  /** Ends the measured time even if the steps have not come to their end. */
  readonly mostMs: number;
  /** What another client does meanwhile. The run goes on until its end. */
  readonly steps?: ((side: SideClient) => Steps) | undefined;
}

export interface OpenLoopFigures {
  /** From the moment when a request was to be sent to its reply. */
  readonly latencyMs: Percentiles;
  /** How late the load itself was with sending. */
  readonly lagMs: Percentiles;
  readonly answeredPerSecond: number;
  readonly errors: number;
  /** Requests that were not sent, because too many of their connection were unanswered. */
  readonly unsent: number;
  /** When the steps had ended, milliseconds from the beginning; undefined if they had not. */
  readonly stepsMs: number | undefined;
}

const maxSamples = 16_000_000;
/** After a run, so long for the replies that are still to come. */
const drainMs = 5000;

const warmWindowMs = 100;
/** The steps go on once in this time: seldom enough that the compiler's threads do not take the core for them. */
const stepEveryMs = 1;

const stallMs = 20;

function* noSteps(): Steps {}

/** The load stands still, so that what it does after a stall of the server is compiled as well. */
// oxlint-disable-next-line eslint/require-yield -- standing still is all it does
function* stall(): Steps {
  const untilMs = performance.now() + stallMs;
  while (performance.now() < untilMs);
}

/** Requests over many connections, from a loop that never sleeps: it needs a core of its own. */
export class Load {
  readonly #connections: LoadConnection[] = [];
  readonly #side: SideClient;
  readonly #sockets: ReadableSockets;
  readonly #mix: RequestMix;
  readonly #latencies = new Samples(maxSamples);
  readonly #lags = new Samples(maxSamples);
  #nowMs = 0;
  #answered = 0;
  #unsent = 0;
  // The requests of a run: when the first one was due, the time between two, and the number of the next one.
  #startMs = 0;
  #everyMs = 0;
  #next = 0;

  constructor({ port, sidePort = port, connections, seed, kind }: LoadOptions) {
    for (let count = 0; count < connections; count++) this.#connections.push(new LoadConnection(port));
    this.#side = new SideClient(sidePort);
    this.#sockets = new ReadableSockets([...this.#connections, this.#side].map(({ descriptor }) => descriptor));
    this.#mix = new RequestMix(seed, kind);
  }

  readonly #onReply = (intendedMs: number): void => {
    this.#answered++;
    this.#latencies.add(this.#nowMs - intendedMs);
  };

  #receive(): void {
    const connections = this.#connections;
    let left = this.#sockets.look();
    for (let index = 0; left > 0 && index <= connections.length; index++) {
      if (!this.#sockets.isReadable(index)) continue;
      left--;
      this.#nowMs = performance.now();
      if (index === connections.length) this.#side.receive();
      else (connections[index] as LoadConnection).receive(this.#onReply);
    }
  }

  #begin(): void {
    this.#latencies.clear();
    this.#lags.clear();
    this.#answered = 0;
    this.#unsent = 0;
  }

  /** What the server answers per second when each connection always has `depth` requests outstanding. */
  saturate(forMs: number, depth: number): number {
    this.#begin();
    const startMs = performance.now();
    for (let nowMs = startMs; nowMs - startMs < forMs; nowMs = performance.now()) {
      for (const connection of this.#connections) {
        while (connection.outstanding < depth) connection.ask(this.#mix, nowMs);
        connection.flush();
      }
      this.#receive();
    }
    const rate = this.#answered / ((performance.now() - startMs) / 1000);
    this.#drain();
    return rate;
  }

  /** Only the side client works. */
  alone(steps: (side: SideClient) => Steps): void {
    const running = steps(this.#side);
    while (running.next().done !== true) this.#receive();
  }

  /** Requests at a rate; see `OpenLoopOptions`. */
  run({ rate, warmMs, leastMs, mostMs, steps }: OpenLoopOptions): OpenLoopFigures {
    this.#everyMs = 1000 / rate;
    this.#next = 0;
    this.#startMs = performance.now();
    // In the same way as later: otherwise the compiler's threads take the core when the measured time begins.
    for (let passedMs = 0; passedMs < warmMs; passedMs = performance.now() - this.#startMs) {
      this.#window(passedMs < warmMs / 2 ? stall : noSteps, warmWindowMs, warmWindowMs);
    }
    const errorsBefore = this.#errors;
    const beginMs = performance.now();
    const stepsMs = this.#window(steps ?? noSteps, leastMs, mostMs);
    const answeredPerSecond = this.#answered / ((performance.now() - beginMs) / 1000);
    this.#drain();
    return {
      latencyMs: this.#latencies.percentiles(),
      lagMs: this.#lags.percentiles(),
      answeredPerSecond,
      errors: this.#errors - errorsBefore,
      unsent: this.#unsent,
      stepsMs,
    };
  }

  /** One stretch of a run. Gives when the steps had ended, in milliseconds. */
  #window(steps: (side: SideClient) => Steps, leastMs: number, mostMs: number): number | undefined {
    this.#begin();
    const beginMs = performance.now();
    const running = steps(this.#side);
    let stepsMs: number | undefined;
    while (performance.now() - beginMs < (stepsMs === undefined ? mostMs : leastMs)) {
      this.#turnUntil(performance.now() + stepEveryMs);
      if (stepsMs === undefined && running.next().done === true) stepsMs = performance.now() - beginMs;
    }
    return stepsMs;
  }

  /** Short, so that the compiler sees a function that is called often, and not a loop that it enters in the middle. */
  #turnUntil(untilMs: number): void {
    for (let nowMs = performance.now(); nowMs < untilMs; nowMs = performance.now()) {
      this.#askDue(nowMs);
      for (const connection of this.#connections) connection.flush();
      this.#receive();
    }
  }

  #askDue(nowMs: number): void {
    const connections = this.#connections;
    for (let dueMs = this.#startMs + this.#next * this.#everyMs; dueMs <= nowMs;) {
      const connection = connections[this.#next % connections.length] as LoadConnection;
      if (connection.ask(this.#mix, dueMs)) this.#lags.add(nowMs - dueMs);
      else this.#unsent++;
      dueMs = this.#startMs + ++this.#next * this.#everyMs;
    }
  }

  get #errors(): number {
    return this.#connections.reduce((sum, { errors }) => sum + errors, 0);
  }

  #drain(): void {
    const untilMs = performance.now() + drainMs;
    while (this.#connections.some(({ outstanding }) => outstanding > 0) && performance.now() < untilMs) {
      for (const connection of this.#connections) connection.flush();
      this.#receive();
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
    this.#side.close();
  }
}
