import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** Says what a primary says, and sends these bytes as its snapshot, and what follows it. */
export class ScriptedPrimary {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static open(snapshot: Uint8Array, stream: Uint8Array = new Uint8Array(0)): Promise<ScriptedPrimary> {
    return new Promise((resolve) => {
      const server = createServer();
      const primary = new ScriptedPrimary(server);
      server.on("connection", (socket) => {
        primary.#sockets.add(socket);
        socket.on("error", () => {});
        socket.on("data", (chunk) => answer(socket, chunk.toString("latin1"), { snapshot, stream }));
      });
      server.listen(0, "127.0.0.1", () => resolve(primary));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

interface Data {
  readonly snapshot: Uint8Array;
  readonly stream: Uint8Array;
}

function answer(socket: Socket, request: string, { snapshot, stream }: Data): void {
  if (request.includes("PING")) socket.write("+PONG\r\n");
  else if (request.includes("REPLCONF") && !request.includes("ACK")) socket.write("+OK\r\n");
  else if (request.includes("PSYNC")) {
    socket.write(`+FULLRESYNC ${"a".repeat(40)} 100\r\n$${snapshot.length}\r\n`);
    socket.write(snapshot);
    socket.write(stream);
  }
}
