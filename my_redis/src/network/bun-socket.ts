import type { Socket } from "bun";
import type { Encrypted } from "../dispatch/client-channel.ts";
import { cork, endSending, peerHasEnded, receive } from "./socket-calls.ts";
import type { TransportSocket } from "./transport.ts";

/** A shorter chunk is left to the garbage collector: freeing it costs as much as it saves. */
const minFreedBytes = 4096;

/** One of Bun's sockets, not encrypted. */
export class BunSocket implements TransportSocket {
  readonly #socket: Socket<unknown>;
  readonly bufferedBytes = 0;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly encrypted: Encrypted = "no";

  /** `path`: of the Unix socket at which it was accepted. */
  constructor(socket: Socket<unknown>, path?: string) {
    this.#socket = socket;
    this.remoteAddress = path === undefined ? `${socket.remoteAddress}:${socket.remotePort}` : `${path}:0`;
    this.localAddress = path === undefined ? `${socket.localAddress}:${socket.localPort}` : `${path}:0`;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    // Bun returns -1 for a closed socket.
    return Math.max(0, this.#socket.write(bytes, start, end - start));
  }

  holdForEnd(): void {
    cork(descriptorOf(this.#socket));
  }

  hasEnded(): boolean {
    return peerHasEnded(descriptorOf(this.#socket));
  }

  end(): void {
    // Bun ends the cork before it closes, and the last bytes would leave on their own.
    endSending(descriptorOf(this.#socket));
    this.#socket.end();
  }

  drop(): void {
    this.end();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  receive(): number {
    return receive(descriptorOf(this.#socket));
  }

  /**
   * Bun copies all that it reads into new memory. Left to the garbage collector, that is always other memory, some
   * hundred MiB in turn, which is in no cache of the processor. Freed at once, it is used for the next chunk.
   */
  free(chunk: Uint8Array): void {
    if (chunk.length < minFreedBytes) return;
    // Bun has `transfer`, the oldest Node that can run the package does not.
    const buffer = chunk.buffer as ArrayBuffer & { transfer(byteLength: number): void };
    // Only memory that is the chunk's alone.
    if (buffer.byteLength === chunk.length) buffer.transfer(0);
  }

  keepAlive(seconds: number): void {
    this.#socket.setKeepAlive(seconds > 0, seconds * 1000);
  }
}

/** The number of the socket's file, which Bun's types do not mention; -1 when it is closed. */
export const descriptorOf = (socket: object): number => (socket as { readonly fd?: number }).fd ?? -1;
