/** An address at which the thread listens in place of the server. */
export interface StandInAddress {
  readonly host: string;
  readonly port: number;
  /** The socket that listens there. Without it, the thread makes its own. */
  readonly descriptor?: number | undefined;
}

/** What the server tells the thread. */
export type ToThread =
  | { readonly kind: "listen"; readonly addresses: readonly StandInAddress[] }
  | { readonly kind: "send"; readonly id: number; readonly bytes: Uint8Array }
  /** The client's last chunk has been read: the thread may pass on the next one. */
  | { readonly kind: "read"; readonly id: number }
  | { readonly kind: "end"; readonly id: number }
  /** The server listens again itself: the thread closes everything and ends. */
  | { readonly kind: "leave" };

/** What the thread tells the server. `address` is an index of the addresses. */
export type FromThread =
  | { readonly kind: "ready" }
  | { readonly kind: "listening" }
  | {
      readonly kind: "open";
      readonly id: number;
      readonly address: number;
      readonly remoteAddress: string;
      readonly localAddress: string;
    }
  | { readonly kind: "data"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: "closed"; readonly id: number }
  | { readonly kind: "left" };

/**
 * The program of the thread. It is text, because one file of the package serves for import and require, and a thread
 * would need a file of its own. It knows nothing of the protocol: it passes bytes on, one chunk of each client at a
 * time, so that a client cannot fill the memory. `workerData` holds `port` and `maxClients`.
 */
export const standInProgram = `
const { createServer } = require("node:net");
const { port, maxClients } = require("node:worker_threads").workerData;
const sockets = new Map();
const servers = [];
/** The clients at each address: those of one must not take the places of another, as of the administration port. */
const counts = [];
let lastId = 0;
let left = false;
const accept = (socket, address) => {
  if (left || counts[address] >= maxClients) return void socket.destroy();
  const id = ++lastId;
  counts[address]++;
  sockets.set(id, socket);
  const remoteAddress = socket.remoteAddress + ":" + socket.remotePort;
  const localAddress = socket.localAddress + ":" + socket.localPort;
  port.postMessage({ kind: "open", id, address, remoteAddress, localAddress });
  socket.on("data", (bytes) => {
    socket.pause();
    socket.isAsking = true;
    port.postMessage({ kind: "data", id, bytes: new Uint8Array(bytes) });
  });
  // The client may still read: what it has sent before is answered.
  socket.on("end", () => {
    socket.hasSentAll = true;
    if (!socket.isAsking) socket.destroySoon();
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    sockets.delete(id);
    counts[address]--;
    port.postMessage({ kind: "closed", id });
    if (left && sockets.size === 0) port.close();
  });
};
const listen = ({ descriptor, host, port: wanted }, address, listening) => {
  const place = descriptor === undefined ? { host, port: wanted } : { fd: descriptor };
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => accept(socket, address));
  servers.push(server);
  counts[address] = 0;
  // The server's own listener may need a moment to be gone.
  server.on("error", () => setTimeout(() => left || server.listen(place), 20));
  server.once("listening", listening);
  server.listen(place);
};
/** What the client still sends is dropped for a moment: if it were left unread, the system would drop our reply. */
const end = (socket) => {
  if (socket === undefined) return;
  socket.removeAllListeners("data");
  socket.resume();
  socket.end();
  setTimeout(() => socket.destroy(), 1000);
};
const goOn = (socket) => {
  if (socket === undefined) return;
  socket.isAsking = false;
  if (socket.hasSentAll) socket.destroySoon();
  else socket.resume();
};
const leave = () => {
  left = true;
  for (const server of servers) if (server.listening) server.close();
  port.postMessage({ kind: "left" });
  for (const socket of sockets.values()) socket.destroySoon();
  if (sockets.size === 0) port.close();
  setTimeout(() => { for (const socket of sockets.values()) socket.destroy(); }, 1000);
};
port.on("message", (message) => {
  if (message.kind === "listen") {
    let missing = message.addresses.length;
    const listening = () => { if (--missing === 0) port.postMessage({ kind: "listening" }); };
    message.addresses.forEach((address, index) => listen(address, index, listening));
  } else if (message.kind === "leave") leave();
  else if (message.kind === "send") sockets.get(message.id)?.write(message.bytes);
  else if (message.kind === "read") goOn(sockets.get(message.id));
  else if (message.kind === "end") end(sockets.get(message.id));
});
port.postMessage({ kind: "ready" });
`;
