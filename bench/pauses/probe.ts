import { connect, type Socket } from "node:net";

/** Latencies in milliseconds. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

const periodMs = 1;
const request = "*2\r\n$3\r\nGET\r\n$5\r\nprobe\r\n";
const replyBytes = "$-1\r\n".length;

/**
 * Another client of a server: asks for a key that is not there, once a millisecond, whether the last question is
 * answered or not, and notes how long each answer took.
 */
export class Probe {
  readonly #socket: Socket;
  readonly #timer: ReturnType<typeof setInterval>;
  #sentMs: number[] = [];
  #tookMs: number[] = [];
  #receivedBytes = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#received(chunk.length));
    this.#timer = setInterval(() => {
      this.#sentMs.push(performance.now());
      socket.write(request);
    }, periodMs);
  }

  static start(port: number): Promise<Probe> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("error", reject);
      socket.once("connect", () => resolve(new Probe(socket)));
    });
  }

  #received(bytes: number): void {
    const nowMs = performance.now();
    this.#receivedBytes += bytes;
    for (; this.#receivedBytes >= replyBytes; this.#receivedBytes -= replyBytes) {
      this.#tookMs.push(nowMs - (this.#sentMs.shift() as number));
    }
  }

  /** Forgets what was measured so far. */
  reset(): void {
    this.#tookMs = [];
  }

  get latencies(): Latencies {
    const sorted = this.#tookMs.toSorted((one, other) => one - other);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }
}
