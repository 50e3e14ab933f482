import { connect, createServer, type Socket } from "node:net";

export interface SwallowingProxy {
  readonly port: number;
  /** From now on what clients send does not arrive. What the server sends still does. */
  swallow(): void;
  stop(): Promise<void>;
}

/** A TCP proxy that can lose everything that its clients say, for example acknowledgements. */
export async function swallowingProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<SwallowingProxy> {
  let swallows = false;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (sent) => {
      if (!swallows) upstream.write(sent);
    });
    upstream.on("data", (sent) => client.write(sent));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    swallow: () => {
      swallows = true;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
