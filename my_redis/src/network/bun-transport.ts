import type { Socket, SocketHandler } from "bun";
import { cork, endSending, peerHasEnded, receive } from "./socket-calls.ts";
import type {
  Connect,
  Listen,
  ListenerOptions,
  ListenOptions,
  TransportHandlers,
  TransportSocket,
} from "./transport.ts";

class BunSocket<State> implements TransportSocket {
  readonly #socket: Socket<State>;
  readonly bufferedBytes = 0;
  readonly remoteAddress: string;
  readonly localAddress: string;

  constructor(socket: Socket<State>) {
    this.#socket = socket;
    this.remoteAddress = `${socket.remoteAddress}:${socket.remotePort}`;
    this.localAddress = `${socket.localAddress}:${socket.localPort}`;
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

  keepAlive(seconds: number): void {
    this.#socket.setKeepAlive(seconds > 0, seconds * 1000);
  }
}

/** The number of the socket's file, which Bun's types do not mention; -1 when it is closed. */
const descriptorOf = (socket: object): number => (socket as { readonly fd?: number }).fd ?? -1;

/** Listens with Bun's own sockets, which are faster than node:net. */
export const listenWithBun: Listen = async <State>(options: ListenerOptions, handlers: TransportHandlers<State>) => {
  const { host, port, keepProcessAlive = true } = options;
  const socket = socketHandlers(handlers);
  const { open } = socket;
  if (!keepProcessAlive) {
    socket.open = (accepted) => {
      accepted.unref();
      return open?.(accepted);
    };
  }
  const allowHalfOpen = handlers.end !== undefined;
  const listener = Bun.listen<State>({ hostname: host, port, socket, allowHalfOpen });
  if (!keepProcessAlive) listener.unref();
  return { port: listener.port, close: () => listener.stop() };
};

/** Connects with Bun's own sockets. */
export const connectWithBun: Connect = async <State>(options: ListenOptions, handlers: TransportHandlers<State>) => {
  await Bun.connect<State>({ hostname: options.host, port: options.port, socket: socketHandlers(handlers) });
};

function socketHandlers<State>(handlers: TransportHandlers<State>): SocketHandler<State> {
  return {
    open(socket) {
      socket.setNoDelay(true);
      socket.data = handlers.open(new BunSocket(socket));
    },
    data: (socket, chunk) => handlers.data(socket.data, chunk),
    drain: (socket) => handlers.drain(socket.data),
    end: (socket) => handlers.end?.(socket.data),
    close: (socket) => handlers.close(socket.data),
    // The close handler follows; a reset by the peer needs no handling of its own.
    error() {},
    // Nothing to do: the promise of the connection is rejected as well.
    connectError() {},
  };
}
