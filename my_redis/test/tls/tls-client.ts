import { readFileSync } from "node:fs";
import { type AddressInfo, connect as connectPlain, createServer, type Socket } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { type CertificateFiles, certificates } from "./certificates.ts";

/** A client over TLS that sends raw text. */
export class TlsClient {
  readonly socket: TLSSocket;
  received = "";
  closed = false;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => (this.received += chunk.toString("latin1")));
    // The event "close" follows.
    socket.on("error", () => {});
    socket.on("close", () => (this.closed = true));
  }

  /** Resolves when the client's side of the handshake is over: a server may still refuse it. */
  static async open(port: number, own?: CertificateFiles, options: ConnectionOptions = {}): Promise<TlsClient> {
    const { ca } = certificates();
    const identity = own === undefined ? {} : { cert: readFileSync(own.cert), key: readFileSync(own.key) };
    const checkServerIdentity = (): undefined => undefined;
    const address = { host: "127.0.0.1", port, ca: readFileSync(ca.cert), checkServerIdentity };
    const socket = connect({ ...address, ...identity, ...options });
    const client = new TlsClient(socket);
    await new Promise<void>((resolve) => {
      socket.once("secureConnect", resolve);
      socket.once("close", () => resolve());
    });
    return client;
  }

  /**
   * A client with somebody in between. By `between` anything can be sent to the server, and it stays open when the client
   * has ended.
   */
  static async openThrough(port: number, own: CertificateFiles): Promise<{ client: TlsClient; between: Socket }> {
    const between = connectPlain({ port, host: "127.0.0.1", allowHalfOpen: true });
    const listener = createServer((socket) => {
      socket.on("error", () => {}).pipe(between, { end: false });
      between.on("error", () => {}).pipe(socket);
    });
    await new Promise<void>((resolve) => void listener.listen(0, "127.0.0.1", resolve));
    const client = await TlsClient.open((listener.address() as AddressInfo).port, own);
    listener.close();
    return { client, between };
  }

  /** Sends, and gives the text that has come once it ends with `end`, or the connection has closed. */
  async ask(text: string, end = "\r\n"): Promise<string> {
    this.received = "";
    this.socket.write(text);
    await waitUntil(() => this.received.endsWith(end) || this.closed, {
      what: `an answer to ${text}`,
      timeoutMs: 20_000,
      intervalMs: 1,
    });
    return this.closed && this.received === "" ? "closed" : this.received;
  }
}
