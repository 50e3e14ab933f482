import type { Socket } from "node:net";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import type { Encrypted } from "../../dispatch/client-channel.ts";
import { attach, descriptorOf, NodeSocket } from "../node-socket.ts";
import { canAsk, peerHasEnded } from "../socket-calls.ts";
import type { ConnectOptions, TlsListening, TransportHandlers } from "../transport.ts";
import { isFirstMessage } from "./first-message.ts";
import { type Handshake, notCertified } from "./handshakes.ts";
import { certificateDemands, judgeClient } from "./judge-client.ts";
import { reasonOf } from "./read-pem.ts";
import type { TlsContexts } from "./tls-contexts.ts";

const noBytes = Buffer.alloc(0);
const closedEarly = "the other side has closed the connection";
/** A connection that this server makes is encrypted within this time. */
const connectMs = 10_000;

/** An encrypted socket of Node's. */
class EncryptedNodeSocket extends NodeSocket {
  override readonly encrypted: Encrypted;
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket, encrypted: Encrypted) {
    super(socket);
    this.#socket = socket;
    // Each handshake costs a signature. Bun refuses further ones by itself.
    socket.disableRenegotiation();
    this.encrypted = encrypted;
  }

  /** The bytes of the system are encrypted: nothing can be learned by reading them. */
  override hasEnded(): boolean {
    return canAsk ? peerHasEnded(descriptorOf(this.#socket)) : this.#socket.destroyed;
  }

  /** TLS has an end of its own, which `destroy` would not send. */
  override end(): void {
    this.#socket.destroySoon();
  }
}

class NodeHandshake implements Handshake {
  readonly remoteAddress: string;
  readonly #socket: Socket;
  /** What has come of the first message. Not left in the socket, which reports no end while something lies there. */
  #first: Buffer = noBytes;
  readonly #begin: (socket: Socket) => void;

  constructor(socket: Socket, begin: (socket: Socket) => void) {
    this.#socket = socket;
    this.#begin = begin;
    this.remoteAddress = `${socket.remoteAddress}:${socket.remotePort}`;
  }

  hasSpoken(): boolean {
    const more = this.#socket.read() as Buffer | null;
    // Of a client that has closed its side, the event "end" comes.
    if (more === null) return false;
    this.#first = Buffer.concat([this.#first, more]);
    return isFirstMessage(this.#first, this.#first.length);
  }

  begin(): void {
    // A client that closes its side before the handshake is over has left.
    this.#socket.allowHalfOpen = false;
    if (this.#first.length > 0) this.#socket.unshift(this.#first);
    this.#begin(this.#socket);
  }

  drop(): void {
    this.#socket.destroy();
  }
}

/** What a listener does with each connection, of which nothing has been read. */
export function handshakeAcceptor<State>(tls: TlsListening, handlers: TransportHandlers<State>) {
  const { handshakes } = tls;
  const handshakeOf = new WeakMap<Socket, NodeHandshake>();
  let contexts: TlsContexts | undefined;
  let server: Server | undefined;
  /** A server that listens nowhere, and is given connections. */
  const currentServer = (): Server => {
    const current = tls.contexts();
    if (server === undefined || contexts !== current) {
      contexts = current;
      server = makeServer(current);
    }
    return server;
  };
  const makeServer = ({ serverOptions, policy }: TlsContexts): Server => {
    const made = createServer({ ...serverOptions, ...certificateDemands(policy) });
    made.on("secureConnection", (socket) => {
      const handshake = handshakeOf.get(connectionOf(socket));
      const hasShown = policy !== "not asked" && Object.keys(socket.getPeerCertificate()).length > 0;
      const encrypted = judgeClient(policy, { hasShown, isValid: socket.authorized });
      if (handshake === undefined || encrypted === undefined) {
        if (handshake !== undefined) handshakes.end(handshake, refusalOf(socket) ?? notCertified);
        socket.destroy();
        return;
      }
      handshakes.end(handshake);
      socket.allowHalfOpen = true;
      attach(socket, handlers, new EncryptedNodeSocket(socket, encrypted));
    });
    made.on("tlsClientError", (error, socket) => {
      const handshake = handshakeOf.get(connectionOf(socket));
      if (handshake !== undefined) handshakes.end(handshake, refusalOf(socket) ?? reasonOf(error));
      socket.destroy();
    });
    return made;
  };
  return (socket: Socket): void => {
    const handshake = new NodeHandshake(socket, (begun) => void currentServer().emit("connection", begun));
    handshakeOf.set(socket, handshake);
    // The event "close" follows.
    socket.on("error", () => {});
    socket.on("end", () => socket.destroy());
    socket.on("close", () => handshakes.end(handshake, closedEarly));
    if (!handshakes.add(handshake)) socket.destroy();
  };
}

/** Why the runtime has refused the certificate. */
const refusalOf = ({ authorizationError }: TLSSocket): string | undefined => {
  const reason = authorizationError as Error | string | null | undefined;
  return typeof reason === "string" ? reason.toLowerCase().replaceAll("_", " ") : reason?.message;
};

/** The connection below an encrypted socket, which the types do not know. */
const connectionOf = (socket: TLSSocket): Socket => (socket as TLSSocket & { readonly _parent: Socket })._parent;

/** Connects over TLS. Rejects when the other side shows no valid certificate. */
export function connectEncrypted<State>(
  { host, port, tls }: ConnectOptions & { readonly tls: TlsContexts },
  handlers: TransportHandlers<State>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // As in Redis, a certificate need not name the host.
    const options = { host, port, secureContext: tls.client, checkServerIdentity: () => undefined };
    const fail = (reason: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new Error(`the TLS handshake has failed: ${reason}`));
    };
    const socket = connect({ ...options, rejectUnauthorized: true }, () => {
      clearTimeout(timer);
      socket.off("error", onError);
      socket.off("close", onClose);
      attach(socket, handlers, new EncryptedNodeSocket(socket, "certified"));
      resolve();
    });
    socket.setNoDelay(true);
    const onClose = (): void => fail(closedEarly);
    const onError = (error: Error): void => {
      // Whether nothing listens there, or the handshake has failed.
      if ((error as NodeJS.ErrnoException).syscall === "connect") reject(error);
      fail(reasonOf(error));
    };
    const timer = setTimeout(() => fail("it took too long"), connectMs);
    timer.unref();
    socket.once("error", onError);
    socket.once("close", onClose);
  });
}
