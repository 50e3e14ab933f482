import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * A TCP proxy in front of a database. Once `cutAfter` is set, the next request that contains this text still reaches the
 * server, but the connection is cut before the answer: the client cannot know whether the request took effect.
 */
export class CuttingProxy {
  readonly port: number;
  cutAfter: string | undefined;
  cuts = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async before(target: { readonly host: string; readonly port: number }): Promise<CuttingProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = new CuttingProxy(server, (server.address() as { port: number }).port);
    server.on("connection", (client) => proxy.#join(client, connect(target)));
    return proxy;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, upstream: Socket): void {
    let cutting = false;
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
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
      upstream.write(request);
    });
    upstream.on("data", (answer) => {
      if (cutting) client.destroy();
      else client.write(answer);
    });
  }
}
