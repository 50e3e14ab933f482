import type { Socket } from "bun";

/** Ready requests are sent; the outcome is a status and a latency for each. */
export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** Requests as they go over the wire, used in turn. */
  readonly requests: readonly Uint8Array[];
  /** Requests in all. */
  readonly count: number;
  /**
   * Requests per second, sent by the clock whether or not earlier ones have been answered. In such an open loop, a server
   * that stalls is charged for every request that waited. Without a rate, every connection sends its next request as soon
   * as it has an answer.
   */
  readonly ratePerSecond?: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly elapsedMs: number;
  readonly statuses: Readonly<Record<number, number>>;
  /** Milliseconds, from the moment at which the request was due. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly p999: number; readonly max: number };
}

const headEnd = Buffer.from("\r\n\r\n");
const timeoutMs = 120_000;

/** Raw HTTP/1.1 over open connections: a client library would cost more than the measured server. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const run = new LoadRun(options);
  return run.go();
}

interface Lane {
  socket: Socket<Lane>;
  /** When the request that is on its way was due. One at a time: HTTP pipelining is no client's way. */
  dueMs: number;
  rest: Buffer;
}

class LoadRun {
  readonly #options: LoadOptions;
  readonly #latencies: Float64Array;
  readonly #statuses: Record<number, number> = {};
  /** Connections that have nothing to do, in an open loop. */
  #idle: Lane[] = [];
  #startedMs = 0;
  #sent = 0;
  #answered = 0;
  #finish: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#latencies = new Float64Array(options.count);
  }

  async go(): Promise<LoadResult> {
    const done = new Promise<void>((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    const lanes = await Promise.all(Array.from({ length: this.#options.connections }, () => this.#open()));
    const timer = setTimeout(() => this.#fail(new Error(`no end after ${timeoutMs} ms`)), timeoutMs);
    this.#startedMs = performance.now();
    if (this.#options.ratePerSecond === undefined) {
      for (const lane of lanes) this.#ask(lane, this.#startedMs);
    } else {
      this.#idle = [...lanes];
      this.#askByTheClock(this.#options.ratePerSecond);
    }
    await done;
    const elapsedMs = performance.now() - this.#startedMs;
    clearTimeout(timer);
    for (const lane of lanes) lane.socket.terminate();
    return this.#result(elapsedMs);
  }

  async #open(): Promise<Lane> {
    const lane: Lane = { socket: undefined as unknown as Socket<Lane>, dueMs: 0, rest: Buffer.alloc(0) };
    lane.socket = await Bun.connect<Lane>({
      hostname: "127.0.0.1",
      port: this.#options.port,
      data: lane,
      socket: {
        data: (socket, chunk) => this.#data(socket.data, chunk),
        close: () => this.#closed(),
        error: (_, error) => this.#fail(error),
      },
    });
    lane.socket.setNoDelay(true);
    return lane;
  }

  #closed(): void {
    if (this.#answered < this.#options.count) this.#fail(new Error("the server closed a connection"));
  }

  #ask(lane: Lane, dueMs: number): void {
    const { requests, count } = this.#options;
    if (this.#sent >= count) return;
    lane.dueMs = dueMs;
    lane.socket.write(requests[this.#sent++ % requests.length] as Uint8Array);
  }

  /** Sends what is due; when all connections are busy it waits, and its time is counted from when it was due. */
  #askByTheClock(ratePerSecond: number): void {
    this.#askDue(ratePerSecond);
    if (this.#sent < this.#options.count) setTimeout(() => this.#askByTheClock(ratePerSecond), 1);
  }

  #askDue(ratePerSecond: number): void {
    const dueCount = Math.min(this.#options.count, ((performance.now() - this.#startedMs) / 1000) * ratePerSecond);
    while (this.#sent < dueCount && this.#idle.length > 0) {
      this.#ask(this.#idle.pop() as Lane, this.#startedMs + (this.#sent / ratePerSecond) * 1000);
    }
  }

  #data(lane: Lane, chunk: Buffer): void {
    let bytes = lane.rest.length === 0 ? chunk : Buffer.concat([lane.rest, chunk]);
    for (;;) {
      const head = bytes.indexOf(headEnd);
      if (head < 0) break;
      const end = head + headEnd.length + bodyLength(bytes, head);
      if (end > bytes.length) break;
      this.#answer(lane, statusOf(bytes));
      bytes = bytes.subarray(end);
    }
    // The chunk is the socket's: what is left of it has to be copied.
    lane.rest = Buffer.from(bytes);
  }

  #answer(lane: Lane, status: number): void {
    const nowMs = performance.now();
    this.#latencies[this.#answered++] = nowMs - lane.dueMs;
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    const { count, ratePerSecond } = this.#options;
    if (this.#answered === count) {
      this.#finish();
    } else if (ratePerSecond === undefined) {
      this.#ask(lane, nowMs);
    } else {
      this.#idle.push(lane);
      this.#askDue(ratePerSecond);
    }
  }

  #result(elapsedMs: number): LoadResult {
    const sorted = this.#latencies.sort();
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return {
      perSecond: (this.#options.count / elapsedMs) * 1000,
      elapsedMs,
      statuses: this.#statuses,
      latencyMs: { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) },
    };
  }
}

/** "HTTP/1.1 410 Gone" */
const statusOf = (bytes: Buffer): number =>
  ((bytes[9] as number) - 48) * 100 + ((bytes[10] as number) - 48) * 10 + ((bytes[11] as number) - 48);

function bodyLength(bytes: Buffer, head: number): number {
  const text = bytes.toString("latin1", 0, head).toLowerCase();
  const at = text.indexOf("content-length:");
  return at < 0 ? 0 : Number.parseInt(text.slice(at + 15), 10);
}

/** A request of a buyer, as a client without any frills sends it. */
export function checkRequest(productId: string, token: string): Uint8Array {
  const target = `/check?productID=${productId}`;
  return Buffer.from(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
}
