import type { SocketHandler } from "bun";
import { BunSocket } from "./bun-socket.ts";
import { connectEncrypted, handshakeHandlers } from "./tls/bun-tls.ts";
import type { Connect, ConnectOptions, Listen, ListenerOptions, TransportHandlers } from "./transport.ts";

/** Listens with Bun's own sockets, which are faster than node:net. */
export const listenWithBun: Listen = async <State>(options: ListenerOptions, handlers: TransportHandlers<State>) => {
  const { descriptor, host, port, keepProcessAlive = true, tls } = options;
  const allowHalfOpen = handlers.end !== undefined;
  const listening = { hostname: host, port, allowHalfOpen, ...(descriptor === undefined ? {} : { fd: descriptor }) };
  const keptAlive = <Data>(socket: SocketHandler<Data>): SocketHandler<Data> =>
    keepProcessAlive ? socket : unreferenced(socket);
  const listener =
    tls === undefined
      ? Bun.listen({ ...listening, socket: keptAlive(socketHandlers(handlers)) })
      : Bun.listen({ ...listening, socket: keptAlive(handshakeHandlers(tls, keptAlive, handlers)) });
  if (!keepProcessAlive) listener.unref();
  // Of a socket that it has not made, Bun does not tell the port. Its types do not have the descriptor.
  const found = descriptor === undefined ? listener.port : port;
  const { fd } = listener as unknown as { readonly fd: number };
  return { port: found, descriptor: fd, close: () => listener.stop() };
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
