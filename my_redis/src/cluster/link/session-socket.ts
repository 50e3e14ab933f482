import type { TransportSocket } from "../../network/transport.ts";

/** The link, as far as a session needs it. */
export interface SessionLink {
  readonly name: string;
  sendReplies(client: number, bytes: Uint8Array, start: number, end: number): void;
  /** So many bytes of replies wait for the log; less than 0 when they wait no more. */
  park(bytes: number): void;
  /** This side ended the session. */
  sessionClosed(client: number): void;
}

/** The socket of a client that is connected to another node: replies are written into frames of the link. */
export class SessionSocket implements TransportSocket {
  readonly remoteAddress: string;
  readonly localAddress = "";
  readonly encrypted = "no";
  /** What lies in the link is shared by all sessions. */
  readonly bufferedBytes = 0;
  readonly #link: SessionLink;
  readonly #client: number;

  constructor(link: SessionLink, client: number) {
    this.#link = link;
    this.#client = client;
    this.remoteAddress = link.name;
  }

  /** Accepts everything: when the other node does not read, the link is paused. */
  write(bytes: Uint8Array, start: number, end: number): number {
    this.#link.sendReplies(this.#client, bytes, start, end);
    return end - start;
  }

  park(bytes: number): void {
    this.#link.park(bytes);
  }

  holdForEnd(): void {}

  /** The node to which the client is connected reports its end. */
  hasEnded(): boolean {
    return false;
  }

  end(): void {
    this.#link.sessionClosed(this.#client);
  }

  drop(): void {
    this.end();
  }

  terminate(): void {
    this.end();
  }

  pause(): void {}
  resume(): void {}

  receive(): number {
    return 0;
  }

  keepAlive(): void {}
}
