import type { SocketHandler } from "bun";
import { BunSocket } from "./bun-socket.ts";
import { connectEncrypted, handshakeHandlers } from "./tls/bun-tls.ts";
import type { Connect, ConnectOptions, Listen, ListenerOptions, TransportHandlers } from "./transport.ts";

/** What Bun gives for a port or a path. Its types do not have the descriptor. */
interface BunListener {
  readonly port?: number;
  readonly fd?: number;
  unref(): void;
  stop(): void;
}

/** Listens with Bun's own sockets, which are faster than node:net. */
export const listenWithBun: Listen = async <State>(options: ListenerOptions, handlers: TransportHandlers<State>) => {
  const { descriptor, host, path, port, keepProcessAlive = true, tls } = options;
  const allowHalfOpen = handlers.end !== undefined;
  const listening = { hostname: host, port, allowHalfOpen, ...(descriptor === undefined ? {} : { fd: descriptor }) };
  const keptAlive = <Data>(socket: SocketHandler<Data>): SocketHandler<Data> =>
    keepProcessAlive ? socket : unreferenced(socket);
  const plain = (): BunListener => {
    const socket = keptAlive(socketHandlers(handlers, path));
    return path === undefined
      ? Bun.listen({ ...listening, socket })
      : Bun.listen({ unix: path, allowHalfOpen, socket });
  };
  const listener: BunListener =
    tls === undefined
      ? plain()
      : Bun.listen({ ...listening, socket: keptAlive(handshakeHandlers(tls, keptAlive, handlers)) });
  if (!keepProcessAlive) listener.unref();
  // Of a socket that it has not made, Bun does not tell the port. Its types do not have the descriptor.
  const found = descriptor === undefined ? (listener.port ?? port) : port;
  return { port: found, ...(listener.fd !== undefined && { descriptor: listener.fd }), close: () => listener.stop() };
};

/** Connections do not keep the process from ending. */
function unreferenced<Data>(socket: SocketHandler<Data>): SocketHandler<Data> {
  const { open } = socket;
  return {
    ...socket,
    open(accepted) {
      accepted.unref();
      return open?.(accepted);
    },
  };
}

/** Connects with Bun's own sockets. */
export const connectWithBun: Connect = async <State>(options: ConnectOptions, handlers: TransportHandlers<State>) => {
  const { host, port, tls } = options;
  if (tls !== undefined) return connectEncrypted({ host, port, tls }, handlers);
  await Bun.connect<State>({ hostname: host, port, socket: socketHandlers(handlers) });
};

/** `path`: of the Unix socket at which they were accepted. */
function socketHandlers<State>(handlers: TransportHandlers<State>, path?: string): SocketHandler<State> {
  return {
    open(socket) {
      socket.setNoDelay(true);
      socket.data = handlers.open(new BunSocket(socket, path));
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
