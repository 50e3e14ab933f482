import { connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy that can cut off everybody behind it: open connections end, and new ones are refused until `heal`. */
export class CutOffProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async before(target: { readonly host: string; readonly port: number }): Promise<CutOffProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = new CutOffProxy(server, (server.address() as { port: number }).port);
    server.on("connection", (client) => proxy.#join(client, target));
    return proxy;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  heal(): void {
    this.#isCut = false;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, target: { readonly host: string; readonly port: number }): void {
    client.on("error", () => {});
    if (this.#isCut) {
      client.destroy();
      return;
    }
    const upstream = connect(target);
    upstream.on("error", () => client.destroy());
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from);
      from.pipe(to);
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
