import { connect, createServer, type Socket } from "node:net";
import type {
  Connect,
  Listen,
  ListenerOptions,
  ListenOptions,
  TransportHandlers,
  TransportSocket,
} from "./transport.ts";

class NodeSocket implements TransportSocket {
  readonly #socket: Socket;
  readonly remoteAddress: string;
  readonly localAddress: string;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remoteAddress = `${socket.remoteAddress}:${socket.remotePort}`;
    this.localAddress = `${socket.localAddress}:${socket.localPort}`;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    // Node queues unsent bytes without a limit, so nothing is written above its high-water mark. It keeps them by
    // reference, hence the copy.
    if (this.#socket.writableNeedDrain) return 0;
    this.#socket.write(bytes.slice(start, end));
    return end - start;
  }

  end(): void {
    // Not `end`: that leaves the socket open until the peer closes its side, which it may never do.
    this.#socket.destroySoon();
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

  keepAlive(seconds: number): void {
    this.#socket.setKeepAlive(seconds > 0, seconds * 1000);
  }
}

/** Listens with node:net, for runtimes other than Bun. */
export const listenWithNode: Listen = <State>(
  { host, port, keepProcessAlive = true }: ListenerOptions,
  handlers: TransportHandlers<State>,
) =>
  new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, (socket) => {
      if (!keepProcessAlive) socket.unref();
      attach(socket, handlers);
    });
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      // Not earlier: until it listens, a caller is waiting for it.
      if (!keepProcessAlive) server.unref();
      const address = server.address();
      resolve({
        port: typeof address === "object" && address !== null ? address.port : port,
        close: () => server.close(),
      });
    });
  });

/** Connects with node:net. */
export const connectWithNode: Connect = <State>(options: ListenOptions, handlers: TransportHandlers<State>) =>
  new Promise((resolve, reject) => {
    const socket = connect({ ...options, noDelay: true }, () => {
      socket.off("error", reject);
      attach(socket, handlers);
      resolve();
    });
    socket.once("error", reject);
  });

function attach<State>(socket: Socket, handlers: TransportHandlers<State>): void {
  const state = handlers.open(new NodeSocket(socket));
  socket.on("data", (chunk: Buffer) => handlers.data(state, chunk));
  socket.on("drain", () => handlers.drain(state));
  socket.on("close", () => handlers.close(state));
  // Nothing to do: "close" follows, also when the peer has reset the connection.
  socket.on("error", () => {});
}
