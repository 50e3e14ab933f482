import { connect, createServer, type Socket } from "node:net";
import { attach, NodeSocket } from "./node-socket.ts";
import { connectEncrypted, handshakeAcceptor } from "./tls/node-tls.ts";
import type { Connect, ConnectOptions, Listen, ListenerOptions, TransportHandlers } from "./transport.ts";

/** Listens with node:net, for runtimes other than Bun. */
export const listenWithNode: Listen = <State>(
  { host, path, port, keepProcessAlive = true, tls }: ListenerOptions,
  handlers: TransportHandlers<State>,
) =>
  new Promise((resolve, reject) => {
    const accept = tls === undefined ? attachPlain(handlers, path) : handshakeAcceptor(tls, handlers);
    const sockets = { noDelay: true, allowHalfOpen: true, pauseOnConnect: tls !== undefined };
    const server = createServer(sockets, (socket) => {
      if (!keepProcessAlive) socket.unref();
      accept(socket);
    });
    server.once("error", reject);
    server.listen(path === undefined ? { port, host } : { path }, () => {
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
export const connectWithNode: Connect = <State>(
  { host, port, tls }: ConnectOptions,
  handlers: TransportHandlers<State>,
) =>
  tls !== undefined
    ? connectEncrypted({ host, port, tls }, handlers)
    : new Promise((resolve, reject) => {
        const socket = connect({ host, port, noDelay: true }, () => {
          socket.off("error", reject);
          attachPlain(handlers)(socket);
          resolve();
        });
        socket.once("error", reject);
      });

const attachPlain =
  <State>(handlers: TransportHandlers<State>, path?: string) =>
  (socket: Socket): void =>
    attach(socket, handlers, new NodeSocket(socket, path));
