import { readSync } from "node:fs";
import type { Socket } from "node:net";
import type { Encrypted } from "../dispatch/client-channel.ts";
import { canAsk, peerHasEnded } from "./socket-calls.ts";
import type { TransportHandlers, TransportSocket } from "./transport.ts";

const noBytes = Buffer.alloc(0);
/** What is read while looking for the end of a connection. */
const lookBytes = 16 * 1024;
/** Node is given no more than this at a time: it keeps a whole piece until the system has taken all of it. */
const longestWriteBytes = 1024 * 1024;
const looked = new Uint8Array(lookBytes);

/** One of Node's sockets, not encrypted. */
export class NodeSocket implements TransportSocket {
  readonly #socket: Socket;
  /** Read while looking for the end; to be handed on before anything else. */
  #early: Uint8Array[] = [];
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly encrypted: Encrypted = "no";

  /** `path`: of the Unix socket at which it was accepted. */
  constructor(socket: Socket, path?: string) {
    this.#socket = socket;
    this.remoteAddress = path === undefined ? `${socket.remoteAddress}:${socket.remotePort}` : `${path}:0`;
    this.localAddress = path === undefined ? `${socket.localAddress}:${socket.localPort}` : `${path}:0`;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    // Node queues unsent bytes without a limit, so nothing is written above its high-water mark, and no long piece. It
    // keeps them by reference, hence the copy.
    let at = start;
    while (at < end && !this.#socket.writableNeedDrain) {
      const next = Math.min(at + longestWriteBytes, end);
      this.#socket.write(bytes.slice(at, next));
      at = next;
    }
    return at - start;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  /** Node cannot do it. `end` closes right after the last bytes. */
  holdForEnd(): void {}

  hasEnded(): boolean {
    const socket = this.#socket;
    const descriptor = descriptorOf(socket);
    if (canAsk) return peerHasEnded(descriptor);
    // What Node has read, but not handed on yet, would come after what is read here.
    if (descriptor < 0 || socket.isPaused() || socket.readableLength > 0) return socket.destroyed;
    return this.#readsEnd(descriptor);
  }

  /** Node has no other way of asking than to read. What comes before the end is kept. */
  #readsEnd(descriptor: number): boolean {
    try {
      const bytes = readSync(descriptor, looked, 0, lookBytes, null);
      if (bytes === 0) return true;
      this.#early.push(looked.slice(0, bytes));
      // The client may send nothing more for which these bytes would be handed on.
      if (this.#early.length === 1) setImmediate(() => this.#socket.emit("data", noBytes));
      return bytes < lookBytes && this.#readsEnd(descriptor);
    } catch {
      // EAGAIN: nothing has come. After another error the event "close" follows.
      return false;
    }
  }

  /** The bytes that were read while looking for the end. */
  takeEarly(): readonly Uint8Array[] {
    const early = this.#early;
    if (early.length > 0) this.#early = [];
    return early;
  }

  end(): void {
    // Not `end`: that leaves the socket open until the peer closes its side, which it may never do. `destroy` closes at
    // once, while `destroySoon` does in a later turn: a client that has read the last reply might use the connection again.
    if (this.#socket.writableLength === 0) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  drop(): void {
    this.#socket.destroy();
  }

  terminate(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Node may have read more already than it has handed on. */
  receive(): number {
    return 0;
  }

  keepAlive(seconds: number): void {
    this.#socket.setKeepAlive(seconds > 0, seconds * 1000);
  }
}

/** Passes what happens to a socket on to the handlers. */
export function attach<State>(socket: Socket, handlers: TransportHandlers<State>, own: NodeSocket): void {
  const state = handlers.open(own);
  const takeEarly = (): void => {
    for (const early of own.takeEarly()) handlers.data(state, early);
  };
  socket.on("data", (chunk: Buffer) => {
    takeEarly();
    if (chunk.length > 0) handlers.data(state, chunk);
  });
  socket.on("drain", () => handlers.drain(state));
  socket.on("end", () => {
    takeEarly();
    // Node reports "close" some turns after the end. Nothing may be taken for the peer meanwhile.
    if (handlers.end === undefined) socket.destroy();
    else handlers.end(state);
  });
  socket.on("close", () => handlers.close(state));
  // After an error of TLS, Node leaves the connection open. After others "close" follows in any case.
  socket.on("error", () => socket.destroy());
}

/** The number of the socket's file; -1 when it is closed, or the system does not use numbers. */
export const descriptorOf = (socket: Socket): number =>
  (socket as { readonly _handle?: { readonly fd?: number } | null })._handle?.fd ?? -1;
