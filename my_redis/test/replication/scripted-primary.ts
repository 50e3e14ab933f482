import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** Says what a primary says, and sends these bytes as its snapshot, and what follows it. */
export class ScriptedPrimary {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Asked for its data, it says that the replica can go on where it is. */
  continues = false;

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
        socket.on("data", (chunk) =>
          answer(socket, chunk.toString("latin1"), { snapshot, stream, continues: primary.continues }),
        );
      });
      server.listen(0, "127.0.0.1", () => resolve(primary));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

interface Data {
  readonly snapshot: Uint8Array;
  readonly stream: Uint8Array;
  readonly continues: boolean;
}

function answer(socket: Socket, request: string, { snapshot, stream, continues }: Data): void {
  if (request.includes("PING")) socket.write("+PONG\r\n");
  else if (request.includes("REPLCONF") && !request.includes("ACK")) socket.write("+OK\r\n");
  else if (request.includes("PSYNC") && continues) socket.write("+CONTINUE\r\n");
  else if (request.includes("PSYNC")) {
    socket.write(`+FULLRESYNC ${"a".repeat(40)} 100\r\n$${snapshot.length}\r\n`);
    socket.write(snapshot);
    socket.write(stream);
  }
}
