import type { Encrypted } from "../dispatch/client-channel.ts";
import type { Handshakes } from "./tls/handshakes.ts";
import type { TlsContexts } from "./tls/tls-contexts.ts";

/** Sockets, reduced to what a server needs. Implemented on Bun's and on Node's. */

export interface TransportSocket {
  /** Sends bytes[start, end); returns how many were taken. The rest must be offered again after `drain`. */
  write(bytes: Uint8Array, start: number, end: number): number;
  /** Bytes that were taken, but that lie in this process until the system takes them. */
  readonly bufferedBytes: number;
  /**
   * What is written from now on leaves together with the end of the connection, as far as the system can do that: so a
   * client that has read it knows that the connection has ended.
   */
  holdForEnd(): void;
  /** So many bytes of replies will be written once the log is safe; less than 0 when they wait no more. */
  park?(bytes: number): void;
  /** Closes after everything that was taken has been sent. */
  end(): void;
  /** Closes at once. What the system has taken is still sent, and nothing else. */
  drop(): void;
  /** Whether the peer has closed its side, even if this has not been reported yet; false where that cannot be known. */
  hasEnded(): boolean;
  /** Closes at once; the peer may lose what it has not read yet. */
  terminate(): void;
  /**
   * Reads nothing more from the peer until `resume`. The system then holds the peer up, and our memory does not grow.
   */
  pause(): void;
  resume(): void;
  /**
   * Reads some of what has arrived into `receivedBytes` of socket-calls.ts, while the socket is paused; gives the number
   * of bytes. 0 where nothing has arrived, and where the transport cannot read by itself.
   */
  receive(): number;
  /** A chunk that `data` was given is read no more: its memory may be used again. A view of it may be empty afterwards. */
  free?(chunk: Uint8Array): void;
  /** Makes the system probe the peer after this many seconds of silence; 0 for never. */
  keepAlive(seconds: number): void;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly encrypted: Encrypted;
}

/** The server's callbacks for a connection. The state that `open` returns is passed to the other handlers. */
export interface TransportHandlers<State> {
  open(socket: TransportSocket): State;
  /** The chunk is valid only during the call. */
  data(state: State, chunk: Uint8Array): void;
  drain(state: State): void;
  /**
   * The peer has closed its side: nothing more comes from it, but it may still read. May be called more than once.
   * Without this handler, the connection is then closed.
   */
  end?(state: State): void;
  close(state: State): void;
}

export interface Listener {
  readonly port: number;
  /** Of the listening socket; undefined where the runtime does not tell. */
  readonly descriptor?: number;
  /** Accepts no more connections; open ones stay. */
  close(): void;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Of a Unix socket, in place of host and port. */
  readonly path?: string | undefined;
  /** A socket that listens there already, which the listener takes over. Only where `Listener` has a descriptor. */
  readonly descriptor?: number | undefined;
}

/** What a listener for encrypted connections needs. `open` is called when the handshake has succeeded. */
export interface TlsListening {
  /** For the next connection. */
  readonly contexts: () => TlsContexts;
  readonly handshakes: Handshakes;
}

export interface ListenerOptions extends ListenOptions {
  /** Without it, connections are not encrypted. */
  readonly tls?: TlsListening | undefined;
  /** Whether the listener and the connections that it accepts keep the process from ending; true without it. */
  readonly keepProcessAlive?: boolean;
}

/** Rejects when the address cannot be used. */
export type Listen = <State>(options: ListenerOptions, handlers: TransportHandlers<State>) => Promise<Listener>;

export interface ConnectOptions extends ListenOptions {
  /** Without it, the connection is not encrypted. With it, the other side must show a valid certificate. */
  readonly tls?: TlsContexts | undefined;
}

/** Opens a connection. Rejects when that fails; otherwise `open` has been called when it resolves. */
export type Connect = <State>(options: ConnectOptions, handlers: TransportHandlers<State>) => Promise<void>;
