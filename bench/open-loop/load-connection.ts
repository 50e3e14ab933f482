import { closeSocket, connectTo, NativeBytes, receiveSome, sendSome } from "./libc-sockets.ts";
import { ReplyScanner } from "./reply-scanner.ts";
import { longestRequestBytes, type RequestMix } from "./request-mix.ts";

/** Requests that wait for their replies on one connection: a power of two. */
const maxOutstanding = 4096;
const outputBytes = 64 * 1024;
const input = new NativeBytes(256 * 1024);

/** One connection of the load. It knows for each outstanding request when it was to be sent. */
export class LoadConnection {
  readonly descriptor: number;
  readonly #scanner = new ReplyScanner();
  readonly #output = new NativeBytes(outputBytes);
  #outputStart = 0;
  #outputEnd = 0;
  readonly #intendedMs = new Float64Array(maxOutstanding);
  #asked = 0;
  #answered = 0;

  constructor(port: number) {
    this.descriptor = connectTo(port);
  }

  get outstanding(): number {
    return this.#asked - this.#answered;
  }

  get errors(): number {
    return this.#scanner.errors;
  }

  /** Adds a request; false when too many wait already. */
  ask(mix: RequestMix, intendedMs: number): boolean {
    if (this.outstanding >= maxOutstanding || !this.#hasRoom()) return false;
    this.#outputEnd = mix.next(this.#output.bytes, this.#outputEnd);
    this.#intendedMs[this.#asked++ & (maxOutstanding - 1)] = intendedMs;
    return true;
  }

  #hasRoom(): boolean {
    if (this.#outputEnd + longestRequestBytes <= outputBytes) return true;
    this.#output.bytes.copyWithin(0, this.#outputStart, this.#outputEnd);
    this.#outputEnd -= this.#outputStart;
    this.#outputStart = 0;
    return this.#outputEnd + longestRequestBytes <= outputBytes;
  }

  /** Sends what the system takes. */
  flush(): void {
    if (this.#outputStart === this.#outputEnd) return;
    this.#outputStart += sendSome(this.descriptor, this.#output, this.#outputStart, this.#outputEnd);
    if (this.#outputStart < this.#outputEnd) return;
    this.#outputStart = 0;
    this.#outputEnd = 0;
  }

  /**
   * Reads replies, and passes on when each of their requests was to be sent. Throws when the server has closed the
   * connection.
   */
  receive(onReply: (intendedMs: number) => void): void {
    const size = receiveSome(this.descriptor, input);
    if (size === 0) throw new Error("the server has closed a connection of the load");
    if (size < 0) return;
    for (let replies = this.#scanner.scan(input.bytes, size); replies > 0; replies--) {
      onReply(this.#intendedMs[this.#answered++ & (maxOutstanding - 1)] as number);
    }
  }

  close(): void {
    closeSocket(this.descriptor);
  }
}
