import { connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy that can lose requests, lose or delay answers, or cut off everybody behind it. */
export class FaultyProxy {
  readonly port: number;
  /**
   * The next request that contains this text still reaches the server, but the connection is cut before the answer: the
   * client cannot know whether the request took effect.
   */
  cutAfter: string | undefined;
  cuts = 0;
  /** Connections that have ended, by whichever side. */
  ended = 0;
  /** The next request that contains this text does not arrive, and nothing after it. */
  swallowFrom: string | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  #swallows = false;
  /** Answers that wait, in their order; undefined while none is to wait. */
  #held: (() => void)[] | undefined;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async before(target: { readonly host: string; readonly port: number }): Promise<FaultyProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = new FaultyProxy(server, (server.address() as { port: number }).port);
    server.on("connection", (client) => {
      if (proxy.#isCut) client.destroy();
      else proxy.#join(client, connect(target));
    });
    return proxy;
  }

  /** Open connections end, and new ones are refused until `heal`. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  heal(): void {
    this.#isCut = false;
  }

  /** From now on what clients send does not arrive. What the server sends still does. */
  swallow(): void {
    this.#swallows = true;
  }

  get swallows(): boolean {
    return this.#swallows;
  }

  /** What clients send still arrives, and the answers wait until `releaseAnswers`. */
  holdAnswers(): void {
    this.#held ??= [];
  }

  releaseAnswers(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const send of held) send();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, upstream: Socket): void {
    let cutting = false;
    client.on("close", () => (this.ended += 1));
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (request) => {
      if (this.cutAfter !== undefined && request.includes(this.cutAfter)) {
        this.cutAfter = undefined;
        this.cuts++;
        cutting = true;
      }
      if (this.swallowFrom !== undefined && request.includes(this.swallowFrom)) {
        this.swallowFrom = undefined;
        this.#swallows = true;
      }
      if (!this.#swallows) upstream.write(request);
    });
    upstream.on("data", (answer) => {
      if (cutting) client.destroy();
      else if (this.#held === undefined) client.write(answer);
      else this.#held.push(() => client.write(answer));
    });
  }
}
