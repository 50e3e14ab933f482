import type { Socket, SocketHandler } from "bun";
import type { SecureContext } from "node:tls";
import type { Encrypted } from "../../dispatch/client-channel.ts";
import { BunSocket, descriptorOf } from "../bun-socket.ts";
import { canAsk, lookAhead, peerHasEnded, receivedBytes } from "../socket-calls.ts";
import type { ConnectOptions, TlsListening, TransportHandlers } from "../transport.ts";
import { isFirstMessage } from "./first-message.ts";
import { type Handshake, notCertified } from "./handshakes.ts";
import { certificateDemands, judgeClient } from "./judge-client.ts";
import { reasonOf } from "./read-pem.ts";
import type { TlsContexts } from "./tls-contexts.ts";

const closedEarly = "the other side has closed the connection";
/** A connection that this server makes is encrypted within this time. */
const connectMs = 10_000;
/** The chain of certificates was found valid; only the name of the host is another one, which Redis never asks for. */
const otherHost = "ERR_TLS_CERT_ALTNAME_INVALID";

/** An encrypted socket of Bun's, and the one below it. */
interface SocketPair {
  readonly socket: Socket<unknown>;
  readonly below: Socket<unknown>;
}

/** Ends for good, and at once where that is asked. */
class EncryptedBunSocket extends BunSocket {
  override readonly encrypted: Encrypted;
  readonly #socket: Socket<unknown>;
  readonly #below: Socket<unknown>;

  constructor({ below, socket }: SocketPair, encrypted: Encrypted) {
    super(socket);
    this.#socket = socket;
    this.#below = below;
    this.encrypted = encrypted;
  }

  /** Not `end`: that leaves the socket open until the peer closes its side, which it may never do. */
  override end(): void {
    this.#socket.close();
  }

  /** After the first `close` Bun still waits until the system takes what is encrypted already. */
  override drop(): void {
    this.#socket.close();
    this.#below.close();
  }

  /** After `end`, the encrypted socket has no effect any more. */
  override terminate(): void {
    this.#below.terminate();
  }

  /** What the system has is not readable yet. */
  override receive(): number {
    return 0;
  }
}

interface Opening<State> {
  /** What `open` has returned, which may be nothing, once the handshake is over. */
  opened: { readonly state: State } | undefined;
  handshaken(socket: Socket<unknown>, error: Error | null): void;
  closed(): void;
}

function encryptedHandlers<State>(handlers: TransportHandlers<State>): SocketHandler<Opening<State>> {
  return {
    handshake: (socket, _success, error) => socket.data.handshaken(socket, error),
    data(socket, chunk) {
      const { opened } = socket.data;
      if (opened !== undefined) handlers.data(opened.state, chunk);
    },
    drain(socket) {
      const { opened } = socket.data;
      if (opened !== undefined) handlers.drain(opened.state);
    },
    end(socket) {
      const { opened } = socket.data;
      if (opened !== undefined && handlers.end !== undefined) handlers.end(opened.state);
      else socket.end();
    },
    close(socket) {
      const { opened } = socket.data;
      if (opened === undefined) socket.data.closed();
      else handlers.close(opened.state);
    },
    // The close handler follows.
    error() {},
    connectError() {},
  };
}

class BunHandshake<State> implements Handshake, Opening<State> {
  opened: { readonly state: State } | undefined;
  readonly remoteAddress: string;
  readonly #socket: Socket<unknown>;
  /** Once the handshake has begun, the socket is another one. */
  #below: Socket<unknown>;
  readonly #options: BunHandshakeOptions<State>;
  #contexts: TlsContexts | undefined;

  constructor(socket: Socket<unknown>, options: BunHandshakeOptions<State>) {
    this.#socket = socket;
    this.#below = socket;
    this.#options = options;
    this.remoteAddress = `${socket.remoteAddress}:${socket.remotePort}`;
  }

  hasSpoken(): boolean {
    if (!canAsk) return true;
    const descriptor = descriptorOf(this.#socket);
    return isFirstMessage(receivedBytes, lookAhead(descriptor)) || peerHasEnded(descriptor);
  }

  begin(): void {
    const { tls, socket } = this.#options;
    this.#contexts = tls.contexts();
    const { server, policy } = this.#contexts;
    // Bun's node:tls does it in this way. The types do not know that a server can do it, too.
    const upgrade = {
      isServer: true,
      tls: { secureContext: nativeContext(server), ...certificateDemands(policy) },
      data: this as Opening<State>,
      socket,
    };
    const [below, encrypted] = this.#socket.upgradeTLS(upgrade);
    this.#below = below;
    encrypted.resume();
  }

  drop(): void {
    this.#below.terminate();
  }

  handshaken(socket: Socket<unknown>, error: Error | null): void {
    const { tls, handlers } = this.#options;
    const { policy } = this.#contexts as TlsContexts;
    const hasShown = policy !== "not asked" && hasCertificate(socket);
    const isBroken = error !== null && !hasShown && !isOfCertificate(error);
    const encrypted = isBroken
      ? undefined
      : judgeClient(policy, { hasShown, isValid: error === null && socket.authorized });
    if (encrypted === undefined) {
      tls.handshakes.end(this, error === null ? notCertified : reasonOf(error));
      this.drop();
      return;
    }
    tls.handshakes.end(this);
    this.opened = { state: handlers.open(new EncryptedBunSocket({ socket, below: this.#below }, encrypted)) };
  }

  closed(): void {
    this.#options.tls.handshakes.end(this, closedEarly);
  }
}

interface BunHandshakeOptions<State> {
  readonly tls: TlsListening;
  readonly handlers: TransportHandlers<State>;
  readonly socket: SocketHandler<Opening<State>>;
}

/** The handlers of a listener. Nothing is read from a connection until its handshake begins. */
export function handshakeHandlers<State>(
  tls: TlsListening,
  keptAlive: <Data>(socket: SocketHandler<Data>) => SocketHandler<Data>,
  handlers: TransportHandlers<State>,
): SocketHandler<BunHandshake<State>> {
  const options = { tls, handlers, socket: keptAlive(encryptedHandlers(handlers)) };
  return {
    open(socket) {
      socket.setNoDelay(true);
      socket.pause();
      const handshake = new BunHandshake(socket, options);
      socket.data = handshake;
      if (!tls.handshakes.add(handshake)) socket.terminate();
    },
    // Bun needs one of the two. What is encrypted comes to the other handlers.
    drain() {},
    close: ({ data }) => data.closed(),
    error() {},
  };
}

/** Connects over TLS. Rejects when the other side shows no valid certificate. */
export function connectEncrypted<State>(
  { host, port, tls }: ConnectOptions & { readonly tls: TlsContexts },
  handlers: TransportHandlers<State>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail("it took too long"), connectMs);
    timer.unref();
    let opened: Socket<unknown> | undefined;
    let isOver = false;
    const fail = (reason: string): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      opened?.terminate();
      reject(new Error(`the TLS handshake has failed: ${reason}`));
    };
    const opening: Opening<State> = {
      opened: undefined,
      handshaken(socket, error) {
        const isValid = error === null ? socket.authorized : (error as { code?: string }).code === otherHost;
        if (!isValid) return fail(error === null ? notCertified : reasonOf(error));
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        opening.opened = { state: handlers.open(new EncryptedBunSocket({ socket, below: socket }, "certified")) };
        resolve();
      },
      closed: () => fail(closedEarly),
    };
    const secure = { secureContext: nativeContext(tls.client), rejectUnauthorized: false };
    const socket: SocketHandler<Opening<State>> = {
      ...encryptedHandlers(handlers),
      open(connected) {
        connected.setNoDelay(true);
        opened = connected;
        if (isOver) connected.terminate();
      },
    };
    Bun.connect({ hostname: host, port, tls: secure, data: opening, socket }).catch((error: unknown) => {
      clearTimeout(timer);
      isOver = true;
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}

/** Bun's own part of a context, which its sockets take. */
const nativeContext = (context: SecureContext): unknown => context.context;

/** Whether the other side has shown a certificate. Without one Bun gives undefined, of which its types say nothing. */
function hasCertificate(socket: Socket<unknown>): boolean {
  const shown: { readonly certificate: object | undefined } = { certificate: socket.getPeerCertificate() };
  return Object.keys(shown.certificate ?? {}).length > 0;
}

/** Whether the handshake itself succeeded, and only the certificate was not found valid. */
const isOfCertificate = (error: Error): boolean => (error as { code?: string }).code !== "EPROTO";
