import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

interface Link {
  readonly near: Socket;
  readonly far: Socket;
}

/** A link between a replica and its primary that can be cut, delayed and closed on one side. */
export class FaultyProxy {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  /** What arrives is passed on after so many milliseconds. */
  delayMs = 0;
  /** Nothing is passed on in this direction, and nobody notices. */
  silent: "to replica" | "to primary" | undefined;
  /** New connections end at once. */
  refuses = false;
  /** The next chunk to the replica is the last, and only its first half arrives. */
  #cutsInside = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static open(primaryPort: number): Promise<FaultyProxy> {
    return new Promise((resolve) => {
      const server = createServer({ allowHalfOpen: true });
      const proxy = new FaultyProxy(server);
      server.on("connection", (near) => proxy.#join(near, primaryPort));
      server.listen(0, "127.0.0.1", () => resolve(proxy));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #join(near: Socket, port: number): void {
    if (this.refuses) {
      near.destroy();
      return;
    }
    const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const link = { near, far };
    this.#links.add(link);
    this.#pass(near, far, "to primary");
    this.#pass(far, near, "to replica");
    const end = (): void => {
      this.#links.delete(link);
      // What was passed on before still arrives.
      for (const socket of [near, far]) if (!socket.writableEnded) socket.destroy();
    };
    for (const socket of [near, far]) socket.on("error", end).on("close", end);
  }

  #pass(from: Socket, to: Socket, direction: "to replica" | "to primary"): void {
    let last = Promise.resolve();
    const later = (work: () => void): void => {
      last = afterwards(last, this.delayMs, work);
    };
    from.on("data", (chunk: Buffer) => {
      if (this.silent === direction) return;
      if (this.#cutsInside && direction === "to replica") {
        this.#cutsInside = false;
        later(() => void (to.destroyed || to.end(chunk.subarray(0, chunk.length / 2))));
        from.destroy();
        return;
      }
      later(() => void (to.destroyed || to.write(chunk)));
    });
    from.on("end", () => later(() => to.end()));
  }

  cut(): void {
    for (const { near, far } of this.#links) {
      near.destroy();
      far.destroy();
    }
  }

  /** Ends the link in the middle of what the primary sends next, and mostly in the middle of a request. */
  cutInside(): void {
    this.#cutsInside = true;
  }

  /** Closes one side of each link, as a program does that has sent all it wants to send. */
  closeHalf(direction: "to replica" | "to primary"): void {
    for (const { near, far } of this.#links) (direction === "to replica" ? near : far).end();
  }

  heal(): void {
    // What was swallowed is missing, so such a link must end.
    if (this.silent !== undefined) this.cut();
    this.delayMs = 0;
    this.silent = undefined;
    this.refuses = false;
    this.#cutsInside = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

async function afterwards(before: Promise<void>, delayMs: number, work: () => void): Promise<void> {
  await before;
  if (delayMs > 0) await Bun.sleep(delayMs);
  work();
}
